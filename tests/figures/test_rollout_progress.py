from __future__ import annotations

import numpy as np
import pytest
from figures.conftest import Compared
from figures.drawn import named, texts, the
from matplotlib.figure import Figure

from sim.figures import rollout_progress
from sim.run import Run


def areas(figure: Figure, gid: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the heights of stacked stairs, and their edges."""
    values, edges, base = the(figure, gid).get_data()
    return values - base, edges


@pytest.fixture(scope="module")
def good_canary(comparison: Compared) -> Run:
    return comparison("good-release").runs["canary"]


@pytest.fixture(scope="module")
def figure(good_canary: Run) -> Figure:
    return rollout_progress(good_canary)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_areas_hold_what_the_windows_counted(good_canary: Run, figure: Figure, version: str) -> None:
    rows = good_canary.windows[good_canary.windows["version"] == version]
    rows = rows[rows["at_seconds"] < good_canary.record.duration]
    served, edges = areas(figure, f"{version} served")
    failed, _ = areas(figure, f"{version} failed")
    widths = np.diff(edges)
    assert (served * widths).sum() == pytest.approx((rows["requests"] - rows["failed"]).sum())
    assert (failed * widths).sum() == pytest.approx(rows["failed"].sum())


def test_the_share_asked_is_the_weights_in_order(good_canary: Run, figure: Figure) -> None:
    asked = the(figure, "asked")
    weights = [change.requested for change in good_canary.record.routes]
    assert list(dict.fromkeys(asked.get_ydata())) == weights
    assert list(asked.get_xdata())[1:-1] == [change.at_seconds for change in good_canary.record.routes][1:]


def test_the_actual_share_is_that_of_the_windows(good_canary: Run, figure: Figure) -> None:
    values, edges, _ = the(figure, "actual").get_data()
    windows = good_canary.windows
    bin_of = np.digitize(windows["at_seconds"], edges) - 1
    new = np.bincount(bin_of[windows["version"] == "v2"], windows.loc[windows["version"] == "v2", "requests"])
    everyone = np.bincount(bin_of, windows["requests"])
    assert values == pytest.approx(100 * (new / everyone)[: len(values)])


def test_pods_are_stacked_as_the_table_of_pods_has_them(good_canary: Run, figure: Figure) -> None:
    vertices = the(figure, "v2 ready").get_paths()[0].vertices
    pods = good_canary.pods
    most = (pods["version"] == "v2").sum()
    both = (pods["version"] == "v1").sum() + most
    assert vertices[:, 1].max() == both
    assert vertices[:, 1].min() == 0


def test_the_error_rate_is_failed_over_requests(good_canary: Run, figure: Figure) -> None:
    rows = good_canary.windows
    drawn = np.concatenate([line.get_ydata() for line in named(figure, "v1 error rate")])
    counted = rows[rows["version"] == "v1"]
    overall = 100 * counted["failed"].sum() / counted["requests"].sum()
    assert 0 <= drawn.min() <= overall <= drawn.max()


def test_a_rate_rests_on_at_least_thirty_requests(comparison: Compared) -> None:
    run = comparison("quiet-canary").runs["patient"]
    candidate = run.windows[(run.windows["version"] == "v2")]
    points = sum(len(line.get_xdata()) for line in named(rollout_progress(run), "v2 error rate"))
    assert 0 < points <= candidate["requests"].sum() / 30


def test_no_data_is_a_gap_and_not_zero(comparison: Compared) -> None:
    run = comparison("never-ready").runs["recreate"]
    figure = rollout_progress(run)
    values, edges, _ = the(figure, "actual").get_data()
    down = (edges[:-1] > 20) & (edges[1:] < 300)
    assert np.isnan(values[down]).all()
    assert named(figure, "no data")
    assert not named(figure, "v2 error rate")


def test_the_title_says_how_it_ended_and_what_it_cost(bad: object) -> None:
    run = bad.runs["canary"]  # type: ignore[attr-defined]
    excess = run.summary()["excess_failed_requests"]
    title = texts(rollout_progress(run))[0].get_text()
    assert title == f"Canary: rolled back at 1:31, {excess} more requests failed than without it"


def test_a_run_is_cut_after_its_last_change_and_only_then(bad: object) -> None:
    undone, good = (bad.runs[name].record.duration for name in ("canary", "recreate"))  # type: ignore[attr-defined]
    assert undone == good
    canary = rollout_progress(bad.runs["canary"])  # type: ignore[attr-defined]
    assert canary.axes[1].get_xlim() == (0, 180)
    assert any("The rest of 20" in text.get_text() for text in texts(canary))


def test_a_promoted_run_is_shown_to_its_end(good_canary: Run, figure: Figure) -> None:
    assert figure.axes[1].get_xlim() == (0, good_canary.record.duration)


def test_copies_are_drawn_apart_from_what_users_got(bad: object) -> None:
    figure = rollout_progress(bad.runs["shadow"])  # type: ignore[attr-defined]
    copies, share = the(figure, "copies").get_data().values, the(figure, "actual").get_data().values
    assert copies.max() == pytest.approx(100, abs=5)
    assert share.max() == 0
    assert not named(figure, "v2 failed")
    assert named(figure, "v2 error rate")
