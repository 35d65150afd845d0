"""The plane of delivery time against damage: what safety costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import NullLocator

from sim.figures.layout import Box, Label, place
from sim.figures.marks import ASKED, bracket_up, no_data
from sim.figures.results import Estimate, Results, Row, results
from sim.figures.sources import ComparisonSource
from sim.figures.theme import BODY, SMALL, STRONG, Page, Style, Theme, text_style, theme_named, write
from sim.figures.titles import comparison_made, intervals
from sim.figures.words import Wording

BOX = (0.105, 0.125, 0.865, 0.685)
LINEAR_UNTIL = 100.0
"""Up to here the axis of failures is linear, so that zero has a place on it."""

SMALLEST_DISC, LARGEST_DISC = 70.0, 1500.0
"""Areas in square points."""

TIMES = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 36000, 86400, 172800, 432000, 864000)
"""Round delivery times in seconds."""


@dataclass(frozen=True)
class Point:
    """A strategy in the plane. x: seconds, or where the ones that never deliver stand."""

    row: Row
    x: float
    harm: Estimate
    cost: float
    delivers: bool
    area: float


def plane(comparison: ComparisonSource, theme: str = "light", words: Mapping[str, str] | None = None) -> Figure:
    """Return the figure of delivery time against excess failures, one disc a strategy; lower left is better."""
    wording = Wording(words)
    found = results(comparison)
    page = Page(theme_named(theme))
    points, shelf = _points(found)
    how = wording("plane_made", means=intervals(found, wording))
    page.head(_title(points, wording), comparison_made(comparison, found, wording)[0], how)
    axes = page.panel(BOX)
    _scales(axes, page.theme, wording, points, shelf)
    if shelf is not None:
        start = math.sqrt(shelf * max((point.x for point in points if point.delivers), default=shelf / 4))
        no_data(axes, page.theme, start, axes.get_xlim()[1], wording("plane_never"), height=0.94)
    front = _draw_front(axes, page, points)
    for point in points:
        _draw_disc(axes, page, point)
    arrow = _draw_better(axes, page, wording)
    _draw_labels(axes, page, wording, points, front, arrow)
    return page


def _points(found: Results) -> tuple[list[Point], float | None]:
    """Return the strategies as points, and where those stand that deliver nothing (None: all deliver)."""
    delivery = {row.strategy: row.estimate("delivery_seconds") for row in found.rows}
    times = [max(estimate.mean, 1.0) for estimate in delivery.values() if estimate is not None]
    shelf = max(times, default=60.0) * 4 if len(times) < len(found.rows) else None
    costs = {
        row.strategy: estimate.mean if (estimate := row.estimate("extra_pod_minutes")) else 0.0 for row in found.rows
    }
    most = max(costs.values(), default=0.0)
    points = []
    for row in found.rows:
        harm, time, cost = row.estimate("excess_failed_requests"), delivery[row.strategy], costs[row.strategy]
        if harm is None:
            continue
        area = SMALLEST_DISC + (LARGEST_DISC - SMALLEST_DISC) * max(cost, 0.0) / max(most, LEAST_COST_SCALE)
        x = max(time.mean, 1.0) if time else shelf or 1.0
        points.append(Point(row, x, harm, cost, time is not None, area))
    return points, shelf


LEAST_COST_SCALE = 10.0
"""Pod-minutes of the largest disc at least, so that a minute or two does not look like a price."""


def _title(points: Sequence[Point], words: Wording) -> str:
    """Return what the safest strategy that delivers saves over the fastest, and what it takes."""
    delivering = [point for point in points if point.delivers]
    if not delivering:
        return words("plane_title_none")
    fastest = min(delivering, key=lambda point: (point.x, point.harm.mean))
    safest = min(delivering, key=lambda point: (point.harm.mean, point.x))
    name = words.strategy(safest.row.strategy)
    saved = fastest.harm.mean - safest.harm.mean
    if saved <= 0:
        return words("plane_title_best", strategy=name)
    other, span = words.strategy(fastest.row.strategy), words.span(safest.x - fastest.x)
    return words("plane_title", safest=name, fastest=other, count=words.count(saved), span=span)


def _scales(axes: Axes, theme: Theme, words: Wording, points: Sequence[Point], shelf: float | None) -> None:
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=LINEAR_UNTIL, linscale=0.45)
    xs = [point.x for point in points]
    axes.set_xlim(min(xs) / 2.2, max(xs) * (1.9 if shelf else 2.6))
    # An interval of very few runs may leave the axes: it must not press the means together.
    least, most = min(point.harm.mean for point in points), max(point.harm.mean for point in points)
    low = max(min(point.harm.low for point in points), min(1.3 * least, -LINEAR_UNTIL))
    high = max(LINEAR_UNTIL, min(max(point.harm.high for point in points), 3 * most))
    axes.set_ylim(min(-0.55 * LINEAR_UNTIL, 1.6 * low), high * 2.5)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    last = max((point.x for point in points if point.delivers), default=0.0)
    axes.set_xticks(*_time_ticks(words, axes.get_xlim(), last if shelf else math.inf))
    harms = [0.0, *(LINEAR_UNTIL * 10**power for power in range(8))]
    harms = [-harm for harm in harms[:0:-1]] + harms
    shown = [harm for harm in harms if axes.get_ylim()[0] <= harm <= axes.get_ylim()[1]]
    axes.set_yticks(shown, [words.number(harm) for harm in shown])
    axes.grid(True, axis="both", color=theme.rule, linewidth=0.8)
    axes.spines["left"].set_visible(True)
    axes.tick_params(labelsize=BODY)
    axes.set_xlabel(words("plane_x"), **text_style(theme, fontsize=STRONG))
    axes.set_ylabel(words("plane_y"), **text_style(theme, fontsize=STRONG))


def _time_ticks(words: Wording, limits: tuple[float, float], last: float) -> tuple[list[float], list[str]]:
    """Return round times inside the limits, thinned until they stand apart."""
    inside = [float(time) for time in TIMES if limits[0] <= time <= min(limits[1], last * 1.5)]
    kept: list[float] = []
    apart = (math.log(limits[1]) - math.log(limits[0])) / 11
    for time in inside:
        if not kept or math.log(time / kept[-1]) >= apart:
            kept.append(time)
    return kept, [words.span(time) for time in kept]


def front(points: Sequence[Point]) -> list[Point]:
    """Return the delivering strategies than which none is both faster and safer, fastest first."""
    best: list[Point] = []
    for point in sorted((point for point in points if point.delivers), key=lambda point: (point.x, point.harm.mean)):
        if not best or point.harm.mean < best[-1].harm.mean:
            best.append(point)
    return best


def _draw_front(axes: Axes, page: Page, points: Sequence[Point]) -> list[Point]:
    best = front(points)
    if len(best) > 1:
        xs, ys = [point.x for point in best], [point.harm.mean for point in best]
        style: Style = {"color": page.theme.muted, "linewidth": 1.6, "linestyle": ASKED, "zorder": 1.5}
        axes.step(xs, ys, where="post", gid="front", **style)
    return best


def _draw_disc(axes: Axes, page: Page, point: Point) -> None:
    theme = page.theme
    axes.scatter(
        [point.x],
        [point.harm.mean],
        s=point.area,
        facecolor=theme.rule if point.delivers else theme.surface,
        edgecolor=theme.ink,
        linewidth=2,
        linestyle="-" if point.delivers else "--",
        zorder=3,
        gid=point.row.strategy,
    )
    if point.harm.has_interval:
        bracket_up(axes, theme, point.x, point.harm.low, point.harm.high)


def _draw_better(axes: Axes, page: Page, words: Wording) -> Text:
    """Draw the arrow to the lower left; return its word."""
    theme = page.theme
    tip, tail = (0.012, 0.03), (0.06, 0.105)
    arrow = {
        "arrowstyle": "-|>",
        "color": theme.muted,
        "linewidth": 2.2,
        "shrinkA": 0,
        "shrinkB": 0,
        "mutation_scale": 14,
    }
    axes.annotate("", xy=tip, xytext=tail, xycoords="axes fraction", arrowprops=arrow)
    style: Style = {"fontsize": STRONG, "fontweight": "bold", "color": theme.muted, "ha": "left", "va": "bottom"}
    return write(axes, theme, tail[0] + 0.004, tail[1] - 0.005, words("better"), transform=axes.transAxes, **style)


def _draw_labels(
    axes: Axes, page: Page, words: Wording, points: Sequence[Point], best: Sequence[Point], arrow: Text
) -> None:
    """Write each strategy's name and price beside its disc, on nothing else; and what the dashed line is."""
    discs = [_disc_box(axes, page, point) for point in points]
    texts = [_label(axes, page, words, point) for point in points]
    labels = [_label_of(page, name, note, disc) for (name, note), disc in zip(texts, discs, strict=True)]
    if len(best) > 1:
        texts.append(_front_label(axes, page, words))
        labels.append(_label_of(page, *texts[-1], _corner(axes, best)))
    bounds = axes.get_window_extent()
    arrow_box = page.extent(arrow)
    taken = [*discs, *(_bracket_box(axes, point) for point in points), *_front_boxes(axes, best)]
    taken.append((bounds.x0, bounds.y0, arrow_box.x1, arrow_box.y1))
    inner = (bounds.x0 + 4, bounds.y0 + 4, bounds.x1 - 4, bounds.y1 - 4)
    for label, texts_of, box in zip(labels, texts, place(labels, taken, inner), strict=True):
        _put(page, label, texts_of, box)
        _lead(axes, page, label, box)


def _label(axes: Axes, page: Page, words: Wording, point: Point) -> tuple[Text, Text]:
    price = words.number(point.cost) if round(point.cost) <= 0 else f"+{words.number(point.cost)}"
    note = words("pod_minutes", count=price)
    time = point.row.estimate("delivery_seconds")
    if time and time.n < time.of:
        note = f"{note}, {words('sometimes', n=time.n, of=time.of)}"
    name = words.strategy(point.row.strategy)
    return (
        page.write(0, 0, name, fontsize=STRONG + 2, fontweight="bold", va="bottom", gid="name"),
        page.write(0, 0, note, fontsize=BODY, color=page.theme.muted, va="bottom", gid="note"),
    )


def _front_label(axes: Axes, page: Page, words: Wording) -> tuple[Text, Text]:
    upper, _, lower = words("front").partition("\n")
    style: Style = {"fontsize": SMALL, "color": page.theme.muted, "va": "bottom"}
    return page.write(0, 0, upper, **style), page.write(0, 0, lower, **style)


def _label_of(page: Page, name: Text, note: Text, disc: Box) -> Label:
    upper, lower = page.extent(name), page.extent(note)
    width, height = max(upper.width, lower.width) + 6, upper.height + lower.height + LEADING
    return Label(width, height, (disc[0] + disc[2]) / 2, (disc[1] + disc[3]) / 2, (disc[2] - disc[0]) / 2)


LEADING = 3.0
"""Pixels between the two lines of a label."""


def _put(page: Page, label: Label, texts: tuple[Text, Text], box: Box) -> None:
    name, note = texts
    size = page.bbox.size
    is_left = box[2] <= label.x
    x = box[2] - 3 if is_left else box[0] + 3
    for text, y in ((name, box[1] + page.extent(note).height + LEADING), (note, box[1])):
        text.set(ha="right" if is_left else "left", position=(x / size[0], y / size[1]))


def _lead(axes: Axes, page: Page, label: Label, box: Box) -> None:
    """Draw a line from a label to its point where they stand apart."""
    x, y = min(max(label.x, box[0]), box[2]), min(max(label.y, box[1]), box[3])
    away = math.hypot(x - label.x, y - label.y)
    if away - label.radius < FARTHEST_WITHOUT_LINE:
        return
    edge = label.radius / away
    start = (label.x + (x - label.x) * edge, label.y + (y - label.y) * edge)
    ends = page.transFigure.inverted().transform([start, (x, y)])
    page.add_artist(Line2D(ends[:, 0], ends[:, 1], color=page.theme.muted, linewidth=1.2))


FARTHEST_WITHOUT_LINE = 18.0


def _disc_box(axes: Axes, page: Page, point: Point) -> Box:
    x, y = axes.transData.transform((point.x, point.harm.mean))
    radius = math.sqrt(point.area / math.pi) * page.dpi / 72 + 2
    return x - radius, y - radius, x + radius, y + radius


def _bracket_box(axes: Axes, point: Point) -> Box:
    (x, low), (_, high) = axes.transData.transform([(point.x, point.harm.low), (point.x, point.harm.high)])
    return x - 14, low - 3, x + 14, high + 3


def _corner(axes: Axes, best: Sequence[Point]) -> Box:
    """Return the longest level stretch of the front, as a point to be labelled."""
    levels = list(pairwise(best))
    one, other = max(levels, key=lambda pair: math.log(pair[1].x / pair[0].x))
    x, y = axes.transData.transform((math.sqrt(one.x * other.x), one.harm.mean))
    return x, y, x, y


def _front_boxes(axes: Axes, best: Sequence[Point]) -> list[Box]:
    boxes: list[Box] = []
    for one, other in pairwise(best):
        corners = [(one.x, one.harm.mean), (other.x, one.harm.mean), (other.x, other.harm.mean)]
        (x0, y0), (x1, _), (_, y2) = np.asarray(axes.transData.transform(corners)).tolist()
        boxes += [(x0, y0 - 3, x1, y0 + 3), (x1 - 3, y2, x1 + 3, y0)]
    return boxes
