from __future__ import annotations

from typing import Any

import pytest
from figures.drawn import boxes, named, overlaps, texts, the

from sim.figures import plane
from sim.figures.plane import Point, front
from sim.figures.results import Estimate, Row


def rows(comparison: Any) -> dict[str, dict[str, Any]]:
    return {row["strategy"]: row for row in comparison.to_json()["strategies"]}


def test_discs_stand_at_delivery_time_and_excess(bad: Any) -> None:
    figure = plane(bad)
    for name, row in rows(bad).items():
        ((x, y),) = the(figure, name).get_offsets()
        assert (x, y) == pytest.approx((row["delivery_seconds"]["mean"], row["excess_failed_requests"]["mean"]))


def test_the_price_is_the_area(bad: Any) -> None:
    figure = plane(bad)
    costs = sorted(rows(bad), key=lambda name: rows(bad)[name]["extra_pod_minutes"]["mean"])
    areas = [the(figure, name).get_sizes()[0] for name in costs]
    assert areas == sorted(areas)


def test_what_never_delivers_stands_apart_in_a_band_without_data(ten: Any) -> None:
    figure = plane(ten)
    last = max(row["delivery_seconds"]["mean"] for row in rows(ten).values() if row["delivery_seconds"]["mean"])
    ((x, _),) = the(figure, "onlyLooking").get_offsets()
    (band,) = named(figure, "no data")
    assert last < band.get_x() < x


def test_nothing_delivers_and_the_figure_says_so(small: Any) -> None:
    figure = plane(small("canary: {steps: [{setWeight: 20}, {pause: {}}]}"))
    assert "Nothing delivers here, so there is no price to compare" in [text.get_text() for text in texts(figure)]
    assert not named(figure, "front")


def test_names_do_not_overlap_where_strategies_crowd(ten: Any) -> None:
    assert overlaps(boxes(plane(ten))) == []


def point(name: str, x: float, harm: float, *, delivers: bool = True) -> Point:
    return Point(Row(name, "canary", {}), x, Estimate(harm, harm, harm), 0.0, delivers, 100.0)


def test_the_front_holds_what_nothing_beats_both_ways() -> None:
    points = [
        point("slowest", 900, 0),
        point("beaten", 600, 50),
        point("fastest", 10, 900),
        point("middle", 60, 40),
        point("never", 1, 0, delivers=False),
    ]
    assert [one.row.strategy for one in front(points)] == ["fastest", "middle", "slowest"]
