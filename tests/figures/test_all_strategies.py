from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from figures.drawn import named, the

from sim.figures import all_strategies
from sim.figures.all_strategies import failed_scale


def test_every_strategy_has_a_cell_and_all_have_the_same_axes(bad: Any) -> None:
    figure = all_strategies(bad)
    for part in ("exposure", "harm"):
        cells = [the(figure, f"{name} {part}") for name in bad.runs]
        assert len({(axes.get_xlim(), axes.get_ylim()) for axes in cells}) == 1


@pytest.mark.parametrize("name", ["recreate", "canary", "blueGreen", "shadow"])
def test_what_hangs_is_what_failed(bad: Any, name: str) -> None:
    axes = the(all_strategies(bad), f"{name} harm")
    values, edges, _ = the(axes, "failed").get_data()
    windows = bad.runs[name].windows
    users = windows[(windows["requests"] > windows["mirrored"]) & (windows["at_seconds"] < edges[-1])]
    counted = np.histogram(users["at_seconds"], bins=edges, weights=users["failed"])[0] / np.diff(edges)
    assert values == pytest.approx(np.minimum(counted, values.max()))


def test_copies_are_hollow_and_no_exposure(bad: Any) -> None:
    axes = the(all_strategies(bad), "shadow exposure")
    assert the(axes, "actual").get_data().values.max() == 0
    assert the(axes, "copies").get_data().values.max() > 90


def test_a_scale_is_cut_only_where_few_bins_tower() -> None:
    steady = [np.full(60, 10.0), np.full(60, 8.0)]
    assert failed_scale(steady, least=1.0) == 10
    assert failed_scale([np.append(steady[0], 200.0), steady[1]], least=1.0) == 15


def test_what_is_cut_says_how_far_it_goes(comparison: Any) -> None:
    figure = all_strategies(comparison("no-probe-no-drain"))
    (arrow, *_) = named(figure, "cut")
    assert arrow.get_ydata()[0] >= arrow.axes.get_ylim()[0]
    assert any(text.get_text().startswith("up to ") for axes in figure.axes for text in axes.texts)
