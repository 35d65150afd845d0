"""The strip of events above the panels of a rollout: words in rows, without overlaps, crowded ones taken together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from sim.figures.layout import rows_for
from sim.figures.marks import glyph
from sim.figures.sources import RunSource
from sim.figures.theme import BODY, Page, Style, Theme, write
from sim.figures.words import Wording

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.text import Text

SEVERITY = ("error", "pass", "inconclusive", "fail")
LOOK_ROWS, EVENT_ROWS = 2, 3
"""Most rows of verdicts and of changes."""

MARK_PIXELS = 50.0
"""Room for a mark, at the resolution of the page."""

GAP_PIXELS = 10.0


@dataclass(frozen=True)
class Item:
    """One entry of the strip. kind: a verdict or a kind of event; weights: the percents asked for, where it is that."""

    at: float
    until: float
    kind: str
    text: str
    count: int = 1
    detail: str = ""
    weights: tuple[float, ...] = ()
    is_turning_point: bool = False


def looks(run: RunSource, words: Wording) -> list[Item]:
    """Return the verdicts of each analysis, equal ones in a row taken together; an alert's is told by its page."""
    items = []
    paged = {f"alert {subject}" for subject in run.events.loc[run.events["kind"] == "firing", "subject"]}
    decisions = run.decisions[~run.decisions["judge"].isin(paged)]
    for _, rows in decisions.groupby(["judge", "metric"], sort=False):
        for verdict, same in groupby(_observations(rows), key=lambda row: str(row.verdict)):
            seen = list(same)
            detail = ""
            if verdict == "fail":
                value = words.measured(str(seen[-1].metric), float(seen[-1].value))
                limit = words.limit(str(seen[-1].metric), float(seen[-1].threshold))
                detail = words("look_failed", value=value, threshold=limit)
            items.append(
                Item(float(seen[0].at_seconds), float(seen[-1].at_seconds), verdict, words(verdict), len(seen), detail)
            )
    return sorted(items, key=lambda item: item.at)


def _observations(frame: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows of a frame."""
    yield from frame.itertuples()


Happening = tuple[str, bool]
"""The key of the words for what happened, and whether the rollout turned there."""


def happenings(run: RunSource, words: Wording) -> list[Item]:
    """Return what changed the rollout: weights, copies, pages, undo, promotion, in words."""
    items = []
    copies = False
    for row in _observations(run.events):
        if row.kind == "mirror":
            copies = not copies
        at, key, turns = float(row.at_seconds), *_happening(row, copies, run.record.outcome)
        if key:
            items.append(Item(at, at, str(row.kind), words(key, name=row.subject), is_turning_point=turns))
    asked = 0.0
    for change in run.record.routes:
        if change.requested != asked and not math.isnan(change.requested):
            asked = change.requested
            items.append(Item(change.at_seconds, change.at_seconds, "weight", "", weights=(asked,)))
    return sorted(_without_echoes(items), key=lambda item: item.at)


def _happening(event: Any, copies: bool, outcome: str) -> Happening:
    """Return the words for an event; none for one that another mark of the figure tells."""
    match event.kind, event.source:
        case "mirror", _:
            return ("copies_start" if copies else "copies_end"), False
        case "firing", _:
            return "page", False
        case "undo", source:
            return (f"undo_{source}" if source in ("analysis", "person", "operator") else "undo"), True
        case "operation", _ if event.subject not in ("undo", "abort"):
            return "operation", False
        case "abort", _ if outcome != "kept":
            return "undo", True
        case "outcome", _ if event.source != "none" and event.subject in ("promoted", "kept", "failed"):
            return f"outcome_{event.subject}", True
        case "pause", _ if not event.message.startswith("Waits "):
            return "pause", False
        case (("begins" | "ends"), "incident"):
            return f"incident_{event.kind}", False
        case "cordon", _:
            return "drain", False
        case (("approve" | "deadline" | "crash" | "pull" | "kill"), _):
            return str(event.kind), False
        case _:
            return "", False


def _without_echoes(items: Sequence[Item]) -> list[Item]:
    """Return the items without what only carries out an undo of the same moment: the abort, the weight of 0."""
    undone = {item.at for item in items if item.kind == "undo"}
    stopped = undone | {item.at for item in items if item.kind == "abort"}
    return [
        item
        for item in items
        if not (item.kind == "abort" and item.at in undone) and not (item.weights == (0.0,) and item.at in stopped)
    ]


class Strip:
    """Items laid out in rows; made before the axes, because the number of rows decides their height."""

    def __init__(self, page: Page, words: Wording, left: float, right: float, duration: float) -> None:
        """Take the strip's place: left and right as shares of the page's width, over `duration` seconds."""
        self.page, self.words, self.duration = page, words, duration
        self.left, self.right = (share * page.bbox.width for share in (left, right))
        self.limit = page.bbox.width * 0.985
        self._widths: dict[str, float] = {}

    def lay_out(self, items: Sequence[Item], rows: int) -> list[tuple[int, Item]]:
        """Return each item with its row; where they do not fit, neighbours are taken together."""
        kept = list(items)
        while True:
            spans = sorted((self._span(item), number) for number, item in enumerate(kept))
            chosen = rows_for([span for span, _ in spans], rows, GAP_PIXELS)
            misfit = next((number for (_, number), row in zip(spans, chosen, strict=True) if row is None), None)
            if misfit is None:
                return [(row or 0, kept[number]) for (_, number), row in zip(spans, chosen, strict=True)]
            kept = self._joined(kept, misfit)

    def text(self, item: Item) -> str:
        """Return the words of an item."""
        if item.weights:
            return self._weights(item.weights)
        text = item.text if item.count == 1 else self.words("repeated", what=item.text, count=item.count)
        return text + item.detail

    def _weights(self, weights: Sequence[float]) -> str:
        percents = [self.words.percent(weight / 100) for weight in weights]
        if len(weights) <= 3:
            return " → ".join(percents)
        return self.words("steps_joined", first=percents[0], last=percents[-1], count=len(percents))

    def _joined(self, items: list[Item], misfit: int) -> list[Item]:
        """Return the items with the one that does not fit joined to a neighbour, best one of its kind."""
        pairs = [(left, left + 1) for left in range(len(items) - 1) if misfit - 2 <= left <= misfit + 1]
        left, right = min(pairs, key=lambda pair: self._distance(items[pair[0]], items[pair[1]]))
        return [*items[:left], _join(items[left], items[right]), *items[right + 1 :]]

    def _distance(self, one: Item, other: Item) -> float:
        unlike = 0 if one.kind == other.kind else self.duration
        return other.at - one.until + unlike

    def x(self, at: float) -> float:
        """Return the pixel of a moment."""
        return self.left + (self.right - self.left) * min(max(at / self.duration, 0.0), 1.0)

    def is_flipped(self, item: Item) -> bool:
        """True when the words stand before the mark, because behind it they would leave the page."""
        return self.x(item.at) + MARK_PIXELS / 2 + self._width(item) > self.limit

    def _span(self, item: Item) -> tuple[float, float]:
        at, width = self.x(item.at), self._width(item)
        if self.is_flipped(item):
            return at - MARK_PIXELS / 2 - width, at + MARK_PIXELS / 2
        return at - MARK_PIXELS / 2, at + MARK_PIXELS / 2 + width

    def _width(self, item: Item) -> float:
        text = self.text(item)
        if text not in self._widths:
            probe = self.page.write(0, 0, text, fontsize=BODY, fontweight="bold")
            self._widths[text] = self.page.extent(probe).width + 4
            probe.remove()
        return self._widths[text]


def _join(one: Item, other: Item) -> Item:
    if one.weights and other.weights:
        return replace(one, until=other.until, weights=one.weights + other.weights)
    if one.kind == other.kind and one.text == other.text:
        return replace(one, until=other.until, count=one.count + other.count)
    return max(one, other, key=lambda item: (item.is_turning_point, _severity(item.kind)))


def _severity(kind: str) -> int:
    return SEVERITY.index(kind) if kind in SEVERITY else len(SEVERITY)


def draw_item(axes: Axes, theme: Theme, strip: Strip, item: Item, y: float) -> Text:
    """Draw an item's mark and words at a height of the strip; return the words."""
    is_look = item.kind in SEVERITY
    if is_look:
        glyph(axes, theme, item.at, y, item.kind, size=14)
    elif item.weights:
        axes.plot([item.at], [y], marker=5, markersize=10, color=theme.candidate, clip_on=False, linestyle="none")
    else:
        colour = theme.ink if item.is_turning_point else theme.surface
        edge: Style = {"markeredgecolor": theme.ink, "markeredgewidth": 1.8}
        axes.plot([item.at], [y], marker="s", markersize=10, color=colour, clip_on=False, linestyle="none", **edge)
    flipped = strip.is_flipped(item)
    return write(
        axes,
        theme,
        item.at + (-1 if flipped else 1) * MARK_PIXELS / 2 * strip.duration / (strip.right - strip.left),
        y,
        strip.text(item),
        va="center_baseline",
        ha="right" if flipped else "left",
        fontsize=BODY,
        fontweight="normal" if is_look and item.kind != "fail" else "bold",
        clip_on=False,
    )
