"""The panels of a rollout's progress that estimate: error rate with its interval, latency on a log axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from sim.figures.bins import (
    MINIMUM_FOR_MEDIAN,
    MINIMUM_FOR_P99,
    MINIMUM_FOR_RATE,
    MOST_RATES,
    Floats,
    Group,
    gaps,
    groups,
    latencies,
    wilson,
)
from sim.figures.marks import LIMIT, VersionMark, ceiling, no_data, round_ticks, say_no_data
from sim.figures.scene import Scene, line_sample, ticks
from sim.figures.theme import Style

LEAST_RATE = 1e-4
LABEL_ROOM = 0.13
"""A band without data carries its name from this share of the duration on."""


def draw_error_rate(scene: Scene, axes: Axes) -> None:
    """Draw each version's error rate over bins of at least 30 requests, with its 95 % Wilson interval."""
    theme, words = scene.theme, scene.words
    objective = 1 - scene.run.scenario.objectives.availability
    drawn = {name: rate_by_bin(scene, name) for name in scene.marks}
    samples, lines, peak, band = [], [], objective, 0.0
    for name, (found, rate, low, high) in drawn.items():
        mark = scene.marks[name]
        _draw_rate(axes, mark, found, 100 * rate, 100 * low, 100 * high)
        samples.append((name, line_sample(mark.colour, 2.2, mark.line, mark.marker)))
        peak, band = max(peak, rate.max(initial=0.0)), max(band, high.max(initial=0.0))
        requests, failed = (column.sum() for column in scene.observed(name))
        value = words.percent(failed / requests) if requests else words("no_data")
        lines.append((words("of_version", version=name, value=value), name == scene.candidate))
    # A wide band of few requests must not press the rates flat.
    room = 5 if peak == objective else 1.6
    top = ceiling(100 * max(1.15 * peak, min(band, room * peak), LEAST_RATE))
    axes.axhline(100 * objective, color=theme.ink, linewidth=1.6, linestyle=LIMIT, zorder=2, gid="objective")
    samples.append((words("objective", value=words.exact_percent(objective)), line_sample(theme.ink, 1.6, LIMIT)))
    axes.set_ylim(-0.03 * top, top)
    ticks(axes, scene.words, round_ticks(top, 2))
    curves = [(found, 100 * rate) for found, rate, *_ in drawn.values()]
    _draw_gaps(scene, axes, {name: found for name, (found, *_) in drawn.items()}, curves)
    scene.key(axes, samples)
    scene.notes(axes, [(words("overall"), False), *lines])


def rate_by_bin(scene: Scene, version: str) -> tuple[list[Group], Floats, Floats, Floats]:
    """Return bins with enough requests, and error rate, low and high of each, 0 to 1."""
    requests, failed = scene.observed(version)
    found = groups(requests, scene.edges, max(MINIMUM_FOR_RATE, int(requests.sum() / MOST_RATES)))
    asked = np.array([requests[group.first : group.last].sum() for group in found])
    lost = np.array([failed[group.first : group.last].sum() for group in found])
    if not found:
        return found, np.empty(0), np.empty(0), np.empty(0)
    return found, lost / asked, *wilson(lost, asked)


def _draw_rate(axes: Axes, mark: VersionMark, found: list[Group], rate: Floats, low: Floats, high: Floats) -> None:
    for first, last in _neighbours(found):
        x = [(group.start + group.end) / 2 for group in found[first:last]]
        style: Style = {"linestyle": mark.line, "marker": mark.marker, "markersize": 5.5, "zorder": 3}
        gid = f"{mark.name} error rate"
        axes.plot(x, rate[first:last], color=mark.colour, linewidth=2.2, gid=gid, **style)
        edges = [found[first].start, *(group.end for group in found[first:last])]
        axes.stairs(
            high[first:last], edges, baseline=low[first:last], fill=True, color=mark.colour, alpha=0.22, linewidth=0
        )


def _neighbours(found: list[Group]) -> list[tuple[int, int]]:
    """Return the first and the end of each run of groups that touch: a line never crosses a gap."""
    breaks = [number for number in range(1, len(found)) if found[number].start != found[number - 1].end]
    starts = [0, *breaks] if found else []
    return list(zip(starts, [*breaks, len(found)], strict=False))


def draw_latency(scene: Scene, axes: Axes) -> None:
    """Draw median and 99th percentile of each version's latency, over bins with enough answers for them."""
    theme, words = scene.theme, scene.words
    curves: list[Curve] = []
    found_by_version = {}
    lines = []
    for name, mark in scene.marks.items():
        answers = latencies(scene.run, name, scene.duration)
        counts = answers.counts(scene.edges)
        for probability, minimum, width in ((0.5, MINIMUM_FOR_MEDIAN, 1.6), (0.99, MINIMUM_FOR_P99, 2.8)):
            found = groups(counts, scene.edges, minimum)
            values = 1000 * np.array(answers.quantile(probability, found))
            _draw_quantile(axes, mark, found, values, width, f"{name} p{100 * probability:.0f}")
            curves.append((found, values))
            if probability == 0.5:
                found_by_version[name] = found
        lines.append((_p99_note(scene, name, answers.latency), name == scene.candidate))
    shown = np.concatenate([values for _, values in curves])
    if not len(shown):
        axes.set_yticks([])
        say_no_data(axes, theme, words("no_data"))
        return
    _latency_axis(scene, axes, shown.min(), shown.max())
    _draw_gaps(scene, axes, found_by_version, curves)
    samples = [("p99", line_sample(theme.muted, 2.8)), ("p50", line_sample(theme.muted, 1.6))]
    scene.key(axes, [*samples, *_latency_objective(scene, axes)])
    scene.notes(axes, [(words("p99"), False), *lines])


def _p99_note(scene: Scene, name: str, latency: Floats) -> str:
    words = scene.words
    value = words("no_data")
    if len(latency) >= MINIMUM_FOR_P99:
        value = words("milliseconds", number=words.count(1000 * float(np.quantile(latency, 0.99))))
    return words("of_version", version=name, value=value)


def _draw_quantile(axes: Axes, mark: VersionMark, found: list[Group], values: Floats, width: float, gid: str) -> None:
    for first, last in _neighbours(found):
        edges = [found[first].start, *(group.end for group in found[first:last])]
        style: Style = {"color": mark.colour, "linestyle": mark.line, "linewidth": width, "zorder": 3}
        axes.stairs(values[first:last], edges, baseline=None, gid=gid, **style)


def _latency_axis(scene: Scene, axes: Axes, lowest: float, highest: float) -> None:
    axes.set_yscale("log")
    axes.set_ylim(lowest / 1.5, highest * 1.5)
    axes.yaxis.set_minor_locator(NullLocator())
    powers = [10.0**power for power in range(-3, 8)]
    for steps in ((1, 2, 5), (1, 3), (1,)):
        marks = [step * power for power in powers for step in steps if lowest / 1.5 <= step * power <= highest * 1.5]
        if len(marks) <= MOST_LATENCY_TICKS:
            break
    ticks(axes, scene.words, marks)


MOST_LATENCY_TICKS = 4


def _latency_objective(scene: Scene, axes: Axes) -> list[tuple[str, Line2D | Rectangle]]:
    """Draw the limit of the latency objective where the panel reaches it; return its line of the key."""
    objective = scene.run.scenario.objectives.latency
    if objective is None or not axes.get_ylim()[0] < 1000 * objective.limit < axes.get_ylim()[1]:
        return []
    axes.axhline(1000 * objective.limit, color=scene.theme.ink, linewidth=1.6, linestyle=LIMIT, zorder=2, gid="limit")
    value = scene.words("milliseconds", number=scene.words.count(1000 * objective.limit))
    return [(scene.words("limit", value=value), line_sample(scene.theme.ink, 1.6, LIMIT))]


Curve = tuple[list[Group], Floats]


def _draw_gaps(scene: Scene, axes: Axes, found: dict[str, list[Group]], curves: Sequence[Curve]) -> None:
    """Draw where each version has no data, and say so where the band is wide enough, beside the curves."""
    taken: list[tuple[float, float, float]] = []
    for name, groups_of_version in reversed(found.items()):
        for start, end in gaps(groups_of_version, 0.0, scene.duration):
            middle, half = (start + end) / 2, LABEL_ROOM * scene.duration / 2
            is_wide = end - start >= 2 * half
            label = scene.words("version_no_data", version=name) if is_wide else ""
            height = _free_height(axes, curves, middle - half, middle + half, taken)
            no_data(axes, scene.theme, start, end, label, height)
            if label:
                taken.append((middle - half, middle + half, height))


HEIGHTS = (0.62, 0.82, 0.42, 0.2)
"""Where a label may stand in a panel, as shares of its height."""


def _free_height(
    axes: Axes, curves: Sequence[Curve], start: float, end: float, taken: Sequence[tuple[float, float, float]]
) -> float:
    """Return the height that is farthest from the curves and the other labels between two moments."""
    points = [
        (group.start, group.end, value) for found, values in curves for group, value in zip(found, values, strict=True)
    ]
    near = [value for first, last, value in points if first < end and last > start]
    to_axes = axes.transData + axes.transAxes.inverted()
    used = [float(to_axes.transform((start, value))[1]) for value in near]
    used += [height for first, last, height in taken if first < end and last > start]
    return max(HEIGHTS, key=lambda height: min((abs(height - other) for other in used), default=0.0))
