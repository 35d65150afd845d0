"""FIGURES drawn from every scenario in every look: no warning, nothing off the page, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import matplotlib
import pytest
from figures.conftest import SCENARIOS, TEN, Compared
from figures.drawn import boxes, outside, overlaps, texts
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from sim.figures import FIGURES, picture, rollout_progress, save
from sim.figures.theme import DARK, SMALL, THEMES
from sim.figures.words import ENGLISH

OF_ONE_RUN = ("rollout_progress", "analysis_looks")


def drawn(comparison: Any, name: str, **options: Any) -> Iterator[Figure]:
    """Yield the figure of a comparison, or one of each of its runs."""
    subjects = comparison.runs.values() if name in OF_ONE_RUN else [comparison]
    yield from (FIGURES[name](subject, **options) for subject in subjects)


def first(comparison: Any, name: str, **options: Any) -> Figure:
    return next(drawn(comparison, name, **options))


def assert_legible(figure: Figure, *, crowded: bool = False) -> None:
    """Every text is on the page, large enough for a projector and, unless the page is crowded, on no other text."""
    found = boxes(figure)
    assert outside(figure, found) == []
    assert min(text.get_fontsize() for text in texts(figure)) >= SMALL
    assert crowded or overlaps(found) == []


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_is_drawn_legibly(comparison: Compared, scenario: str, name: str) -> None:
    for figure in drawn(comparison(scenario), name):
        assert_legible(figure)
        assert picture(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", FIGURES)
def test_the_dark_page_has_no_light_ground_and_the_same_texts(bad: Any, name: str) -> None:
    light, dark = (first(bad, name, theme=theme) for theme in THEMES)
    assert [text.get_text() for text in texts(dark)] == [text.get_text() for text in texts(light)]
    grounds = {to_hex(part.get_facecolor()).upper() for part in (dark, *dark.axes)}
    assert grounds == {DARK.surface}
    assert picture(dark) != picture(light)


@pytest.mark.parametrize("name", FIGURES)
def test_a_plain_run_is_drawn(plain: Any, name: str) -> None:
    for figure in drawn(plain, name):
        assert_legible(figure)


@pytest.mark.parametrize("name", FIGURES)
def test_ten_strategies_with_long_names_are_drawn(ten: Any, name: str) -> None:
    assert TEN.count("quickCanary") == 7
    for figure in islice(drawn(ten, name), 3):
        assert_legible(figure, crowded=True)


@pytest.mark.parametrize("name", FIGURES)
def test_a_paused_run_of_one_strategy_is_drawn(small: Any, name: str) -> None:
    paused = small("canary: {steps: [{setWeight: 20}, {pause: {}}]}")
    assert paused.runs["canary"].record.outcome == "paused"
    for figure in drawn(paused, name):
        assert_legible(figure)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_equal_figures_have_equal_bytes(bad: Any, name: str, kind: Any) -> None:
    one, other = (first(bad, name) for _ in range(2))
    assert picture(one, kind) == picture(other, kind)


def test_threads_draw_what_one_alone_draws(bad: Any) -> None:
    runs = [*bad.runs.values()][:4]
    alone = [picture(rollout_progress(run, theme="dark"), "svg") for run in runs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda run: picture(rollout_progress(run, theme="dark"), "svg"), runs))
    assert together == alone


@pytest.mark.parametrize("name", FIGURES)
def test_a_users_own_style_changes_nothing_and_no_setting_leaks(bad: Any, name: str) -> None:
    expected = picture(first(bad, name))
    with matplotlib.rc_context({"font.size": 30, "axes.grid": False, "lines.linewidth": 9, "savefig.facecolor": "red"}):
        before = dict(matplotlib.rcParams)
        assert picture(first(bad, name)) == expected
        assert dict(matplotlib.rcParams) == before


def test_another_language_is_another_table(bad: Any) -> None:
    french = {"events": "Événements", "served": "Servies", "decimal_mark": ","}
    shown = {text.get_text() for text in texts(rollout_progress(bad.runs["canary"], words=french))}
    assert {"Événements", "Servies", "Failed"} <= shown
    assert {"Events", "Served"}.isdisjoint(shown)


def test_every_word_of_a_figure_comes_from_the_table(bad: Any) -> None:
    hidden = {key: "" for key, word in ENGLISH.items() if word.isalpha() and key not in ("percent",)}
    for name in FIGURES:
        shown = {text.get_text() for figure in drawn(bad, name, words=hidden) for text in texts(figure)}
        assert shown.isdisjoint({ENGLISH[key] for key in hidden})


def test_an_unknown_theme_is_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match="theme is 'sepia'; must be one of light, dark"):
        rollout_progress(bad.runs["canary"], theme="sepia")


def test_a_figure_is_saved_by_the_ending_of_its_name(bad: Any, tmp_path: Any) -> None:
    figure = rollout_progress(bad.runs["canary"])
    assert save(figure, tmp_path / "run.svg").read_bytes().startswith(b"<?xml")
    with pytest.raises(ValueError, match=r"ends in '\.pdf'; must end in \.png or \.svg"):
        save(figure, tmp_path / "run.pdf")


def test_a_notebook_shows_a_figure_by_itself(bad: Any) -> None:
    assert rollout_progress(bad.runs["canary"])._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
