"""The marks all figures share, each with one meaning.

A version is hue, shape and line. A failure is a crossed hatch, never a hue. What was asked is thin and dashed, what
happened thick and solid. An interval is a bracket. Where there is no data a dotted band says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Transform

from sim.figures.theme import BODY, SMALL, Style, Theme, write

Dashes = tuple[float, tuple[float, ...]]

HATCH_WIDTH = 1.1
ASKED: Dashes = (0, (3, 2))
LIMIT: Dashes = (0, (6, 2))
DOTTED: Dashes = (0, (1, 1.4))


@dataclass(frozen=True)
class VersionMark:
    """How one version is drawn in every figure."""

    name: str
    colour: str
    text_colour: str
    marker: str
    line: str | Dashes


def version_marks(theme: Theme, names: Sequence[str], stable: str, candidate: str | None) -> dict[str, VersionMark]:
    """Return the mark of each version, the stable one first and the candidate last."""
    marks = {}
    for name in sorted(names, key=lambda name: (name == candidate, name != stable)):
        if name == stable:
            marks[name] = VersionMark(name, theme.stable, theme.ink, "o", "-")
        elif name == candidate:
            marks[name] = VersionMark(name, theme.candidate, theme.candidate_text, "^", (0, (4, 1.3)))
        else:
            marks[name] = VersionMark(name, theme.other, theme.ink, "D", (0, (2, 1)))
    return marks


def crossed(edge: str, cross: str, face: str, hatch: str = "xxxx") -> dict[str, Any]:
    """Return the style of an area that counts failures."""
    return {
        "facecolor": face,
        "edgecolor": edge,
        "hatch": hatch,
        "hatchcolor": cross,
        "hatch_linewidth": HATCH_WIDTH,
    }


GLYPHS = {"pass": "\u2713", "fail": "\u2715", "inconclusive": "?", "error": "\u2013"}


def glyph(
    axes: Axes, theme: Theme, x: float, y: float, verdict: str, size: float = 17.0, transform: Transform | None = None
) -> None:
    """Draw a verdict: ring with a tick, filled square with a cross, dashed ring with '?', dotted ring with a dash."""
    fail = verdict == "fail"
    place = transform if transform is not None else axes.transData
    common: dict[str, Any] = {"transform": place, "clip_on": False, "linestyle": "none"}
    axes.add_line(
        Line2D(
            [x],
            [y],
            marker="s" if fail else "o",
            markersize=size * 0.94 if fail else size,
            markerfacecolor=theme.ink if fail else theme.surface,
            markeredgecolor=theme.passed if verdict == "pass" else theme.ink if fail else theme.muted,
            markeredgewidth=size / 9,
            zorder=9,
            **common,
        )
    )
    write(
        axes,
        theme,
        x,
        y,
        GLYPHS.get(verdict, "?"),
        ha="center",
        va="center_baseline",
        fontsize=size * 0.68,
        fontweight="bold",
        color=theme.surface if fail else theme.ink,
        transform=place,
        zorder=10,
        clip_on=False,
        gid="glyph",
    )


def bracket_across(
    axes: Axes, theme: Theme, low: float, high: float, y: float, cap: float, shown: tuple[float, float]
) -> None:
    """Draw a horizontal interval with a halo, so that it reads on any fill; open where it leaves what is shown.

    cap: half its height, in data units.
    """
    start, end = max(low, shown[0]), min(high, shown[1])
    for colour, width, level in ((theme.surface, 6.0, 4), (theme.ink, 2.6, 5)):
        style: Style = {
            "color": colour,
            "linewidth": width,
            "zorder": level,
            "solid_capstyle": "butt",
            "linestyle": "-",
        }
        axes.plot([start, end], [y, y], **style)
        for edge in {low, high} & {start, end}:
            axes.plot([edge, edge], [y - cap, y + cap], **style)


def bracket_up(axes: Axes, theme: Theme, x: float, low: float, high: float, cap: float = 6.0) -> None:
    """Draw a vertical interval. cap: half its width in points."""
    style: Style = {"color": theme.ink, "zorder": 6, "linestyle": "-"}
    axes.plot([x, x], [low, high], linewidth=2.6, solid_capstyle="butt", **style)
    axes.plot(
        [x, x], [low, high], marker="_", markersize=2 * cap, markeredgewidth=2.6, **{**style, "linestyle": "none"}
    )


def no_data(axes: Axes, theme: Theme, start: float, end: float, label: str = "", height: float = 0.62) -> None:
    """Draw the absence of data as such: a dotted band with its name, never a line at zero."""
    axes.add_patch(
        Rectangle(
            (start, 0),
            end - start,
            1,
            transform=axes.get_xaxis_transform(),
            facecolor="none",
            edgecolor=theme.rule,
            hatch="..",
            hatchcolor=theme.rule,
            hatch_linewidth=HATCH_WIDTH,
            linewidth=0,
            zorder=0.5,
            gid="no data",
        )
    )
    if label:
        write(
            axes,
            theme,
            (start + end) / 2,
            height,
            label,
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="center",
            fontsize=SMALL,
            color=theme.muted,
            bbox={"facecolor": theme.surface, "edgecolor": "none", "pad": 2},
        )


def say_no_data(axes: Axes, theme: Theme, text: str) -> None:
    """Fill empty axes with the dotted band and say why they are empty."""
    start, end = axes.get_xlim()
    no_data(axes, theme, start, end)
    style: Style = {"ha": "center", "va": "center", "fontsize": BODY, "color": theme.muted}
    box: Style = {"facecolor": theme.surface, "edgecolor": "none", "pad": 5}
    write(axes, theme, 0.5, 0.5, text, transform=axes.transAxes, bbox=box, **style)


def ceiling(value: float) -> float:
    """Return the next round number (1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten) at or above a positive value."""
    if not value > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value * (1 - 1e-9))


def round_ticks(top: float, most: int = 3) -> list[float]:
    """Return zero and up to `most` round numbers at or below a positive `top`."""
    step = next(
        step
        for power in range(-9, 13)
        for step in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)
        if top / step < most + 1
    )
    return [step * number for number in range(int(top / step + 1e-9) + 1)]
