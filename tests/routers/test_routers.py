from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.protocol import Route
from sim.routers import NOBODY, ROUTERS

NUMBERS = ((np.arange(10_000) + 0.5) / 10_000).tolist()
percents = st.floats(0, 100)


def shares(kind: str, route: Route) -> list[float]:
    """Return each version's share of evenly spaced numbers."""
    chosen = [ROUTERS[kind].choose(route, number, NOBODY) for number in NUMBERS]
    return [chosen.count(version) / len(chosen) for version in (0, 1)]


@pytest.mark.parametrize("kind", ["weighted", "sticky"])
@pytest.mark.parametrize("percent", [0.0, 0.05, 12.5, 37.3, 100.0])
def test_shares_match_weights(kind: str, percent: float) -> None:
    route = Route(((1, percent), (0, 100 - percent)))
    assert shares(kind, route) == pytest.approx([1 - percent / 100, percent / 100], abs=1e-4)


@given(st.floats(0, 1, exclude_min=True, exclude_max=True), percents, percents)
def test_a_larger_weight_keeps_whom_it_had(number: float, one: float, other: float) -> None:
    low, high = sorted((one, other))
    small = ROUTERS["sticky"].choose(Route(((0, 100 - low), (1, low))), number, NOBODY)
    large = ROUTERS["sticky"].choose(Route(((0, 100 - high), (1, high))), number, NOBODY)
    assert large >= small


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_weight_0_is_never_chosen(number: float) -> None:
    assert ROUTERS["weighted"].choose(Route(((0, 0.0), (1, 100.0), (2, 0.0))), number, NOBODY) == 1


def test_without_weights_there_is_nobody() -> None:
    assert ROUTERS["weighted"].choose(Route(((0, 0.0),)), 0.5, NOBODY) == NOBODY


def test_the_first_match_counts() -> None:
    route = Route(match=((1, 5), (0, 6), (1, 7)))
    assert [ROUTERS["match"].choose(route, 0.5, segment) for segment in (NOBODY, 0, 1)] == [NOBODY, 6, 5]


@pytest.mark.parametrize(("percent", "copies"), [(0.0, 0), (30.0, 3000), (100.0, 10_000)])
def test_mirror_copies_its_share(percent: float, copies: int) -> None:
    chosen = [ROUTERS["mirror"].choose(Route(mirror=(1, percent)), number, NOBODY) for number in NUMBERS]
    assert chosen.count(1) == copies
