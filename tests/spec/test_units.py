from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.units import LARGEST_SEED, LONGEST, IntOrPercent, Quantity, format_duration, parse_duration

DURATION = Quantity("duration", high=LONGEST)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("1m30s", 90),
        ("2h", 7200),
        ("1d", 86_400),
        ("1h2m3s", 3723),
        ("0.3s", 0.3),
        ("300ms", 0.3),
        ("250us", 0.00025),
        ("1.5h", 5400),
    ],
)
def test_durations_are_read_as_go_and_kubernetes_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "10min", "-5s", "1,5s", "s", "1m 30s", "1e3s", "10M", "5 s"])
def test_other_text_is_no_duration(text: str) -> None:
    assert parse_duration(text) is None


@given(st.floats(0, LONGEST, allow_nan=False) | st.integers(0, int(LONGEST)))
def test_a_duration_reads_back_as_the_same_number(seconds: float) -> None:
    assert DURATION.parse(DURATION.format(seconds)) == seconds


@given(st.floats(0, 1, allow_nan=False))
def test_a_share_reads_back_as_the_same_number(share: float) -> None:
    quantity = Quantity("share", high=1)
    assert quantity.parse(quantity.format(share)) == share


@given(st.floats(0, 1e6, allow_nan=False))
def test_a_rate_reads_back_as_the_same_number(rate: float) -> None:
    quantity = Quantity("rate", high=1e6)
    assert quantity.parse(quantity.format(rate)) == rate


def test_durations_are_written_for_people() -> None:
    assert [format_duration(seconds) for seconds in (0.0, 0.03, 1.5, 90.0, 86_400.0, 7201.0)] == [
        0,
        "30ms",
        "1.5s",
        "1m30s",
        "1d",
        "2h1s",
    ]


@pytest.mark.parametrize(
    ("quantity", "value", "number"),
    [
        (Quantity("share", high=1), "5%", 0.05),
        (Quantity("share", high=1), 0.05, 0.05),
        (Quantity("percent", high=100), "12.5%", 12.5),
        (Quantity("percent", high=100), 25, 25.0),
        (Quantity("rate", high=1e6), "200rps", 200.0),
        (Quantity("count", high=LARGEST_SEED), LARGEST_SEED, LARGEST_SEED),
        (Quantity("count", high=10), 3.0, 3),
        (DURATION, 90, 90.0),
    ],
)
def test_a_field_reads_its_own_units(quantity: Quantity, value: object, number: float) -> None:
    assert quantity.parse(value) == number


@pytest.mark.parametrize(
    ("quantity", "value", "message"),
    [
        (Quantity("percent", high=100), 140, "is 140; must be between 0 and 100"),
        (Quantity("share", high=1), "140%", "is '140%'; must be between 0 and 1, or 0% to 100%"),
        (Quantity("share", high=1), 5, "is 5; must be between 0 and 1, or 0% to 100%"),
        (Quantity("rate", high=1e6), "10 rps", "must be a rate: 200rps"),
        (Quantity("count", low=1, high=5), True, "is true; must be a whole number"),
        (Quantity("count", low=1, high=5), "3", "is '3'; must be a whole number"),
        (Quantity("count", high=LARGEST_SEED), LARGEST_SEED + 1, "must be between 0 and 18,446,744,073,709,551,615"),
        (DURATION, math.nan, "is .nan; must be a finite number"),
        (DURATION, -math.inf, "is -.inf; must be a finite number"),
        (DURATION, 10**400, "must be between 0 and 30d"),
        (DURATION, [1], "is a list; must be a duration"),
        (DURATION, None, "is empty; must be a duration"),
        (Quantity("duration", high=60, above=True), 0, "is 0; must be above 0 and at most 1m"),
    ],
)
def test_what_is_no_such_number_is_refused_with_what_it_must_be(
    quantity: Quantity, value: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        quantity.parse(value)


@pytest.mark.parametrize(
    ("value", "total", "surge", "unavailable"),
    # Source: Kubernetes intstr_test.go and the documented 25 % of 4, 10 and 3 replicas.
    [
        ("25%", 4, 1, 1),
        ("25%", 10, 3, 2),
        ("25%", 3, 1, 0),
        ("0%", 10, 0, 0),
        ("100%", 7, 7, 7),
        (2, 10, 2, 2),
        ("90%", 10, 9, 9),
    ],
)
def test_surge_rounds_up_and_unavailable_down(value: object, total: int, surge: int, unavailable: int) -> None:
    bound = IntOrPercent.parse(value)
    assert (bound.of(total, round_up=True), bound.of(total, round_up=False)) == (surge, unavailable)


@pytest.mark.parametrize("value", [-1, "101%", 2.5, "two", True, None, math.nan, 10_001, "-5%", []])
def test_what_is_neither_count_nor_percentage_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        IntOrPercent.parse(value)
