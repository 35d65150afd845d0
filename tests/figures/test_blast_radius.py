from __future__ import annotations

from typing import Any

import pytest
from figures.drawn import texts, the

from sim.figures import blast_radius

ORDER = ["recreate", "rollingUpdate", "blueGreen", "abTest", "canary", "shadow"]


def bars(figure: Any, column: str) -> list[float]:
    """Return the lengths of a column's crossed bars, from the top row down."""
    patches = [patch for patch in the(figure, column).patches if patch.get_hatch()]
    return [patch.get_width() for patch in sorted(patches, key=lambda patch: -patch.get_y())]


def means(comparison: Any, field: str) -> list[float]:
    rows = {row["strategy"]: row[field]["mean"] for row in comparison.to_json()["strategies"]}
    return [rows[name] for name in ORDER]


@pytest.mark.parametrize(
    ("column", "field"), [("excess", "excess_failed_requests"), ("users", "users_affected_fraction")]
)
def test_bars_are_the_means_of_the_table_most_harmful_first(bad: Any, column: str, field: str) -> None:
    expected = means(bad, field)
    assert bars(blast_radius(bad), column) == pytest.approx([mean for mean in expected if mean])


def test_brackets_end_where_the_intervals_end(bad: Any) -> None:
    (row,) = (row for row in bad.to_json()["strategies"] if row["strategy"] == "recreate")
    excess = row["excess_failed_requests"]
    shown = the(blast_radius(bad), "excess")
    ends = {x for line in shown.lines for x in line.get_xdata()}
    low, high = shown.get_xlim()
    assert all(end in ends for end in (excess["low"], excess["high"]) if low <= end <= high)


def test_peak_exposure_is_the_filled_part_of_a_box(bad: Any) -> None:
    peaks = [patch for patch in the(blast_radius(bad), "peak").patches if patch.get_gid() == "peak bar"]
    drawn = [patch.get_width() for patch in sorted(peaks, key=lambda patch: -patch.get_y())]
    assert drawn == pytest.approx(means(bad, "peak_exposure_fraction"))


def test_one_replication_has_no_intervals_and_says_so(small: Any) -> None:
    figure = blast_radius(small("recreate: {}, rollingUpdate: {}"))
    assert any("One run each" in text.get_text() for text in texts(figure))
    assert all(len(set(line.get_xdata())) == 1 for line in the(figure, "excess").lines)


def test_a_release_that_costs_nothing_has_no_bars(comparison: Any) -> None:
    figure = blast_radius(comparison("course-ab-test"))
    assert bars(figure, "excess") == []
    assert "No strategy cost the users a request" in [text.get_text() for text in texts(figure)]


def test_a_strategy_under_a_free_name_keeps_it(ten: Any) -> None:
    shown = [text.get_text() for text in texts(blast_radius(ten))]
    assert {"quickCanary1", "onlyLooking", "Rolling update"} <= set(shown)
