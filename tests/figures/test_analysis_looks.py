from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from figures.drawn import named, texts, the

from sim.figures import analysis_looks


def test_marks_are_the_decisions_and_no_data_has_none(bad: Any) -> None:
    run = bad.runs["canary"]
    axes = the(analysis_looks(run), "analysis errorRate")
    known = run.decisions["value"].notna()
    marks = the(axes, "value")
    assert list(marks.get_ydata()) == list(run.decisions.loc[known, "value"])
    assert list(marks.get_xdata()) == list(np.flatnonzero(known) + 1)
    (band,) = named(axes, "no data")
    assert (band.get_x(), band.get_width()) == (0.5, (~known).sum())


def test_bars_are_the_intervals(bad: Any) -> None:
    run = bad.runs["canary"]
    segments = the(analysis_looks(run), "interval").get_segments()
    known = run.decisions[run.decisions["value"].notna()]
    assert [tuple(segment[:, 1]) for segment in segments] == list(zip(known["low"], known["high"], strict=True))


def test_the_threshold_is_the_analysis_own(bad: Any) -> None:
    values = the(analysis_looks(bad.runs["abTest"]), "threshold").get_data().values
    assert set(values) == {0.02}


@pytest.mark.parametrize(
    ("scenario", "strategy", "title"),
    [
        ("bad-release", "canary", "Canary: errorRate was 4.8\u00a0% at 1:30, the limit is 1\u00a0%"),
        ("good-release", "canary", "Canary: 12 looks, none failed"),
        ("good-release", "rollingUpdate", "Rolling update: no analysis, and no alert fired"),
    ],
)
def test_the_title_says_what_the_looks_came_to(comparison: Any, scenario: str, strategy: str, title: str) -> None:
    assert texts(analysis_looks(comparison(scenario).runs[strategy]))[0].get_text() == title


def test_samples_and_moments_stand_below_their_look(bad: Any) -> None:
    run = bad.runs["canary"]
    shown = [text.get_text() for text in texts(analysis_looks(run))]
    assert {str(samples) for samples in run.decisions["samples"]} <= set(shown)
    assert {"0:30", "1:00", "1:30"} <= set(shown)


def test_several_metrics_have_a_block_each(small: Any) -> None:
    errors = "{metric: errorRate, failureCondition: result > 0.5}"
    slow = "{name: slow, metric: latencyP99, failureCondition: result > 1}"
    steps = "[{setWeight: 50}, {pause: {duration: 1m}}]"
    run = small(f"canary: {{steps: {steps}, analysis: {{metrics: [{errors}, {slow}]}}}}").runs["canary"]
    figure = analysis_looks(run)
    assert named(figure, "analysis errorRate")
    assert named(figure, "analysis slow")


def test_more_looks_than_the_page_holds_are_still_all_there(small: Any) -> None:
    analysis = "{metric: errorRate, interval: 3s, failureCondition: result > 0.9}"
    strategy = f"canary: {{steps: [{{setWeight: 50}}, {{pause: {{duration: 5m}}}}], analysis: {analysis}}}"
    run = small(strategy).runs["canary"]
    assert len(run.decisions) > 80
    assert len(the(analysis_looks(run), "value").get_xdata()) == run.decisions["value"].notna().sum()
