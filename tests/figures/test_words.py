from __future__ import annotations

import pytest

from sim.figures.words import Wording

ENGLISH = Wording()
FRENCH = Wording({"decimal_mark": ",", "percent": "{number}\u202f%"})


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0, "0"),
        (1, "100"),
        (0.5512, "55"),
        (0.0512, "5.1"),
        (0.002, "0.2"),
        (0.00074, "0.074"),
        (-0.0033, "\u22120.33"),
    ],
)
def test_a_percent_has_its_telling_digits(fraction: float, text: str) -> None:
    assert ENGLISH.percent(fraction) == f"{text}\u00a0%"


def test_what_somebody_wrote_keeps_all_its_digits() -> None:
    assert ENGLISH.exact_percent(0.999) == "99.9\u00a0%"
    assert ENGLISH.exact_percent(0.0144) == "1.44\u00a0%"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0.4\u00a0s"), (45, "45\u00a0s"), (60, "1\u00a0min"), (150, "2.5\u00a0min"), (7200, "2\u00a0h")],
)
def test_a_span_is_told_in_its_own_unit(seconds: float, text: str) -> None:
    assert ENGLISH.span(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (91, "1:31"), (3700, "1:01:40"), (-5, "\u22120:05")])
def test_the_clock_counts_minutes_and_seconds(seconds: float, text: str) -> None:
    assert ENGLISH.clock(seconds) == text


def test_thousands_are_parted_and_small_means_keep_a_digit() -> None:
    assert [ENGLISH.count(value) for value in (25800.4, 3.0, 3.25, 0)] == ["25\u202f800", "3", "3.2", "0"]


def test_numbers_follow_the_language() -> None:
    assert FRENCH.percent(0.0512) == "5,1\u202f%"


def test_no_value_is_no_data_and_not_a_number() -> None:
    assert ENGLISH.measured("errorRate", float("nan")) == "no data"
    assert ENGLISH.measured("latencyP99", 0.25) == "250\u00a0ms"
