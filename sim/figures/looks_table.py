"""The table below the looks of an analysis: moment, weight, samples and verdict of each look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes

from sim.figures.looks import Looks
from sim.figures.marks import glyph
from sim.figures.progress_panels import asked_share
from sim.figures.sources import RunSource
from sim.figures.theme import LEFT, Page, Style
from sim.figures.words import Wording

PANELS_RIGHT = 0.975
MOST_TEXTS = 11
"""More looks than this, and only every second, third, ... column carries text."""

MOST_GLYPHS = 45
"""More looks than this, and only changes of the verdict carry a mark."""


def table_rows(run: RunSource, words: Wording, looks: Looks, *, with_all: bool) -> list[tuple[str, list[str]]]:
    """Return the rows of numbers below the chart: name, and a text for each look."""
    moments = looks.column("at_seconds")
    rows = [(words("look_at"), [words.clock(moment) for moment in moments])]
    asked_at, asked = asked_share(run)
    if with_all and asked.any():
        shares = asked[np.maximum(np.searchsorted(asked_at, moments, side="left") - 1, 0)]
        rows.append((words("weight"), [words.percent(share / 100) for share in shares]))
    rows.append((words("samples"), [words.count(samples) for samples in looks.column("samples")]))
    return rows


def draw_table(
    axes: Axes,
    page: Page,
    words: Wording,
    rows: Sequence[tuple[str, list[str]]],
    verdicts: Sequence[str],
    top: float,
    row_height: float,
    size: float,
) -> None:
    """Draw the rows below a chart, each column under its look, and the verdicts last."""
    left, right = axes.get_position().x0, axes.get_position().x1
    count = len(verdicts)
    xs = [left + (right - left) * (number + 0.6) / (count + 0.2) for number in range(count)]
    every = math.ceil(count / MOST_TEXTS)
    for number, (name, texts) in enumerate(rows):
        y = top - (number + 0.5) * row_height
        page.rule([LEFT, PANELS_RIGHT], [y + row_height / 2] * 2)
        page.write(LEFT, y, name, fontsize=size, fontweight="bold", va="center_baseline")
        for x, text in list(zip(xs, texts, strict=True))[::every]:
            page.write(x, y, text, fontsize=size, va="center_baseline", ha="center")
    y = top - (len(rows) + 0.5) * row_height
    page.rule([LEFT, PANELS_RIGHT], [y + row_height / 2] * 2)
    page.write(LEFT, y, words("verdict"), fontsize=size, fontweight="bold", va="center_baseline")
    _draw_verdicts(axes, page, words, xs, y, verdicts, size)


def _draw_verdicts(
    axes: Axes, page: Page, words: Wording, xs: Sequence[float], y: float, verdicts: Sequence[str], size: float
) -> None:
    """Draw a mark under each look, with words where there is room."""
    count = len(verdicts)
    room = (xs[1] - xs[0] if count > 1 else 0.5) * page.bbox.width
    turned = [True, *(one != other for one, other in pairwise(verdicts))]
    mark = min(size + 2, room * 0.62 * 72 / page.dpi) if count <= MOST_GLYPHS else size - 3
    for x, verdict, turns in zip(xs, verdicts, turned, strict=True):
        if count > MOST_GLYPHS and not turns:
            continue
        has_words = room > WORDS_ROOM
        place = x - 0.028 if has_words else x
        glyph(axes, page.theme, place, y, verdict, size=mark, transform=page.transFigure)
        if has_words:
            style: Style = {"fontsize": size, "fontweight": "bold", "va": "center_baseline"}
            page.write(place + 0.015, y, words(verdict), **style)


WORDS_ROOM = 190.0
"""Pixels a look needs so that its verdict stands there in words."""
