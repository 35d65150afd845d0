"""All strategies as small multiples: exposure above the line, harm below it, the same axes everywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.bins import NOT_REACHED, Flags, Floats, bin_edges, bin_width, stretches
from sim.figures.marks import DOTTED, ceiling, crossed, no_data, round_ticks
from sim.figures.progress_panels import actual_share, missing
from sim.figures.results import Row, results
from sim.figures.scene import Scene, least_scale, shown_until, time_axis
from sim.figures.sources import ComparisonSource
from sim.figures.theme import BODY, SMALL, STRONG, Page, Style, fitted, theme_named, write
from sim.figures.titles import comparison_made, outcome_at
from sim.figures.words import Wording

COLUMNS = {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4, 9: 5, 10: 5}
MOST_COLUMNS = 6
LEFT, RIGHT, TOP, BOTTOM = 0.07, 0.985, 0.772, 0.06
GAP_ACROSS, GAP_DOWN, UPPER_PART = 0.022, 0.1, 0.56
"""Shares of the page; and the part of a cell above its line."""

BINS = 60


@dataclass(frozen=True)
class Curves:
    """What one cell shows, by bin. share, copies: percent; failed: requests a second."""

    row: Row
    scene: Scene
    share: Floats | None
    copies: Floats
    failed: Floats


def all_strategies(
    comparison: ComparisonSource, theme: str = "light", words: Mapping[str, str] | None = None
) -> Figure:
    """Return the figure of every strategy's exposure and harm over time, the most harmful first.

    Curves are those of the first replication, numbers the means of all.
    """
    wording = Wording(words)
    found = results(comparison)
    page = Page(theme_named(theme))
    until = max(shown_until(comparison.runs[row.strategy]) for row in found.rows)
    cells = [_curves(page, comparison, row, wording, until) for row in found.by_harm]
    duration, candidate = cells[0].scene.duration, cells[0].scene.candidate
    title = wording("all_title", span=wording.span(duration), count=len(cells))
    if len(cells) == 1:
        title = wording("all_title_one", strategy=wording.strategy(cells[0].row.strategy), span=wording.span(duration))
    how = wording("all_made", version=candidate) if candidate else wording("all_made_plain")
    if found.replications > 1:
        how = f"{how} {wording('first_run', n=found.replications)}"
    page.head(title, comparison_made(comparison, found, wording)[0], how)
    scale = failed_scale([cell.failed for cell in cells], least_scale(cells[0].scene))
    columns = COLUMNS.get(len(cells), MOST_COLUMNS)
    for number, cell in enumerate(cells):
        _draw_cell(cell, _cell_box(number, columns, len(cells)), scale, number, columns, len(cells))
    return page


def _curves(page: Page, comparison: ComparisonSource, row: Row, words: Wording, until: float) -> Curves:
    run = comparison.runs[row.strategy]
    scene = Scene(page, run, words, bin_edges(until, bin_width(until, BINS)))
    share, copies = actual_share(scene) if scene.candidate else (None, np.zeros(len(scene.widths)))
    failed = np.sum([scene.of_users(version)[1] for version in (*scene.marks, NOT_REACHED)], axis=0)
    return Curves(row, scene, share, copies, failed / scene.widths)


USUAL, CUT_FROM = 0.9, 2.5
"""A scale that is this many times larger than what is usual in nine bins of ten is cut, and says so."""


def failed_scale(curves: Sequence[Floats], least: float) -> float:
    """Return the top of the common scale of failures: the largest, unless a few bins would press all others flat."""
    largest = max(least, *(float(curve.max()) for curve in curves))
    usual = max(least, *(float(np.quantile(curve, USUAL)) for curve in curves))
    return ceiling(1.3 * usual) if largest > CUT_FROM * usual else ceiling(largest)


Box = tuple[float, float, float, float]


def _cell_box(number: int, columns: int, cells: int) -> Box:
    rows = math.ceil(cells / columns)
    width = (RIGHT - LEFT - GAP_ACROSS * (columns - 1)) / columns
    height = (TOP - BOTTOM - GAP_DOWN * (rows - 1)) / rows
    left = LEFT + number % columns * (width + GAP_ACROSS)
    return left, TOP - number // columns * (height + GAP_DOWN) - height, width, height


def _draw_cell(cell: Curves, box: Box, scale: float, number: int, columns: int, cells: int) -> None:
    scene = cell.scene
    left, bottom, width, height = box
    middle = bottom + height * (1 - UPPER_PART)
    upper = scene.page.panel((left, middle, width, height * UPPER_PART))
    lower = scene.page.panel((left, bottom, width, middle - bottom))
    most = 4 if columns <= 3 else 3
    time_axis(upper, scene.duration, scene.words, labelled=False, most=most, to_end=False)
    time_axis(lower, scene.duration, scene.words, labelled=number + columns >= cells, most=most, to_end=False)
    _draw_exposure(cell, upper, has_room=columns <= 3)
    _draw_harm(cell, lower, scale)
    if number % columns:
        for axes in (upper, lower):
            axes.tick_params(axis="y", labelleft=False)
    _head_cell(cell, upper, is_narrow=columns > 3)


def _draw_exposure(cell: Curves, axes: Axes, *, has_room: bool) -> None:
    scene, theme = cell.scene, cell.scene.theme
    axes.set_ylim(0, 112)
    axes.set_yticks([50, 100], [scene.words.percent(share) for share in (0.5, 1)])
    axes.spines["bottom"].set(color=theme.ink, linewidth=1.8)
    axes.set_gid(f"{cell.row.strategy} exposure")
    if cell.share is None or scene.candidate is None:
        return
    colour = scene.marks[scene.candidate].colour
    axes.stairs(np.nan_to_num(cell.share), scene.edges, fill=True, color=colour, alpha=0.3, linewidth=0)
    axes.stairs(cell.share, scene.edges, color=colour, linewidth=2.6, baseline=None, gid="actual")
    for start, end in missing(cell.share, scene.edges):
        no_data(axes, theme, start, end)
    if cell.copies.any():
        axes.stairs(
            cell.copies, scene.edges, color=colour, linewidth=2.4, linestyle=DOTTED, baseline=None, gid="copies"
        )
        if np.nanmax(cell.share) == 0 and has_room:
            text = scene.words("dotted_copies", version=scene.candidate)
            style: Style = {"ha": "right", "va": "center", "fontsize": SMALL, "color": theme.muted}
            write(axes, theme, 0.985, 0.42, text, transform=axes.transAxes, **style)


def _draw_harm(cell: Curves, axes: Axes, scale: float) -> None:
    scene, theme = cell.scene, cell.scene.theme
    shown = np.minimum(cell.failed, scale)
    style = crossed(theme.ink, theme.ink, theme.panel, "xxx")
    axes.stairs(shown, scene.edges, fill=True, linewidth=1.4, gid="failed", **style)
    axes.set_ylim(scale * 1.06, 0)
    marks = round_ticks(scale, 2)[1:]
    axes.set_yticks(marks, [scene.words("per_second", number=scene.words.tick(mark)) for mark in marks])
    axes.spines["bottom"].set_visible(False)
    axes.set_gid(f"{cell.row.strategy} harm")
    _say_cut_and_down(cell, axes, scale)


def _say_cut_and_down(cell: Curves, axes: Axes, scale: float) -> None:
    """Mark bars that the scale cuts, with how far they go, and say how long no pod was ready."""
    scene, theme, words = cell.scene, cell.scene.theme, cell.scene.words
    lines = []
    over = np.flatnonzero(cell.failed > scale * (1 + 1e-9))
    middles = (scene.edges[:-1] + scene.edges[1:]) / 2
    if len(over):
        arrow: Style = {"marker": "v", "markersize": 9, "color": theme.ink, "linestyle": "none", "clip_on": False}
        arrow |= {"markeredgecolor": theme.surface, "markeredgewidth": 1.0, "zorder": 6}
        axes.plot(middles[over], np.full(len(over), scale * 1.06), gid="cut", **arrow)
        lines.append(words("cut", value=words.per_second(float(cell.failed.max()))))
    down = cell.row.estimate("downtime_seconds")
    if down and down.mean > 0:
        lines.append(words("down", span=words.span(down.mean)))
    if lines:
        free = widest_free(cell.failed > 0.35 * scale, scene.edges)
        bbox: Style = {"facecolor": theme.surface, "edgecolor": "none", "pad": 1.5, "alpha": 0.85}
        style: Style = {"ha": "center", "va": "center", "fontsize": SMALL, "linespacing": 1.15}
        text = write(axes, theme, free, scale * 0.66, "\n".join(lines), bbox=bbox, zorder=5, **style)
        half = scene.page.extent(text).width / axes.get_window_extent().width * scene.duration / 2
        text.set_x(min(max(free, half), scene.duration - half))


def widest_free(used: Flags, edges: Floats) -> float:
    """Return the middle of the longest stretch of bins that are not used."""
    free = [(float(edges[first]), float(edges[last])) for first, last in stretches(~used)]
    start, end = max(free, key=lambda stretch: stretch[1] - stretch[0], default=(float(edges[0]), float(edges[-1])))
    return (start + end) / 2


def _head_cell(cell: Curves, axes: Axes, *, is_narrow: bool) -> None:
    """Write the strategy's name, what it cost and how it ended."""
    scene, words = cell.scene, cell.scene.words
    box = axes.get_position()
    excess = words("all_mean", count=words.count(cell.row.harm))
    ended = outcome_at(scene.run, words)
    name = scene.page.write(
        box.x0, box.y1 + 0.008, words.strategy(cell.row.strategy), fontsize=STRONG + 2, fontweight="bold", va="bottom"
    )
    fitted(name, scene.page, box.x1 if is_narrow else box.x1 - 0.1)
    style: Style = {"ha": "right", "va": "bottom"}
    if not is_narrow:
        scene.page.write(box.x1, box.y1 + 0.01, excess, fontsize=BODY, **style)
    text = f"{excess}\n{ended}" if is_narrow else ended
    note: Style = {"ha": "right", "va": "top", "fontsize": SMALL, "linespacing": 1.2, "zorder": 5}
    note["bbox"] = {"facecolor": scene.theme.surface, "edgecolor": "none", "pad": 1.5, "alpha": 0.7}
    write(axes, scene.theme, 0.985, 0.84, text, transform=axes.transAxes, **note)
