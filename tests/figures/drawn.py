"""What is on a figure: artists by their name, texts and their boxes."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox


def named(figure: Figure | Axes, gid: str) -> list[Any]:
    return [artist for artist in figure.findobj(Artist) if artist.get_gid() == gid]


def the(figure: Figure | Axes, gid: str) -> Any:
    (artist,) = named(figure, gid)
    return artist


def texts(figure: Figure) -> list[Text]:
    """Return the visible texts, without the marks inside verdicts."""
    figure.draw_without_rendering()
    found = [*figure.texts]
    for axes in figure.axes:
        found += [*axes.texts, axes.xaxis.label, axes.yaxis.label, *tick_labels(axes)]
    return [text for text in found if text.get_text().strip() and text.get_visible() and text.get_gid() != "glyph"]


def tick_labels(axes: Axes) -> list[Text]:
    shown = []
    for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        low, high = sorted(limits)
        for tick in axis.get_major_ticks():
            if low <= tick.get_loc() <= high and tick.label1.get_visible():
                shown.append(tick.label1)
    return shown


Box = tuple[str, Bbox]


def boxes(figure: Figure) -> list[Box]:
    """Return each text with its box in pixels."""
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts(figure)]


def overlaps(found: list[Box], tolerance: float = 3.0) -> list[tuple[str, str]]:
    """Return the pairs of texts that share more than `tolerance` pixels both ways."""
    return [
        (one, other)
        for (one, a), (other, b) in combinations(found, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > tolerance and min(a.y1, b.y1) - max(a.y0, b.y0) > tolerance
    ]


def outside(figure: Figure, found: list[Box]) -> list[str]:
    """Return the texts that leave the page."""
    page = figure.bbox
    return [
        text
        for text, box in found
        if box.x0 < page.x0 - 1 or box.x1 > page.x1 + 1 or box.y0 < page.y0 - 1 or box.y1 > page.y1 + 1
    ]
