"""What an analysis saw at each look: value and interval against the threshold, samples, verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.bins import stretches
from sim.figures.looks import ALERT, Looks, looks_by_metric
from sim.figures.looks_table import PANELS_RIGHT, draw_table, table_rows
from sim.figures.marks import LIMIT, no_data, round_ticks
from sim.figures.sources import RunSource
from sim.figures.theme import BODY, LEFT, SMALL, STRONG, Page, Style, fitted, text_style, theme_named, write
from sim.figures.titles import made, sentence, strategy_label
from sim.figures.words import DIFFERENCE, Wording

if TYPE_CHECKING:
    pass

PANELS_LEFT = 0.185
TOP, BOTTOM, BETWEEN = 0.825, 0.03, 0.05
UNDER_CHART = 0.016
TICKS = 0.045
"""Share of the page's width that tick labels take."""

MOST_BLOCKS = 3


def analysis_looks(run: RunSource, theme: str = "light", words: Mapping[str, str] | None = None) -> Figure:
    """Return the figure of what was judged in a run, look by look, and why it went on or back."""
    wording = Wording(words)
    page = Page(theme_named(theme))
    found = looks_by_metric(run)
    shown = found[:MOST_BLOCKS]
    some = wording("looks_some", shown=len(shown), count=len(found)) if len(found) > len(shown) else ""
    how = f"{made(run.scenario, run.record.seed, wording)}. {wording('looks_made')} {some}".strip()
    page.head(_title(run, found, wording), *filter(None, (sentence(run.record.outcome_reason), how if shown else "")))
    if not shown:
        _say_nobody_looked(page, wording)
    height = (TOP - BOTTOM - BETWEEN * (len(shown) - 1)) / max(1, len(shown))
    for number, looks in enumerate(shown):
        top = TOP - number * (height + BETWEEN)
        _draw_block(page, run, wording, looks, top - height, height)
    return page


def _title(run: RunSource, found: Sequence[Looks], words: Wording) -> str:
    return words("looks_title", strategy=strategy_label(run, words), verdict=_verdict(found, words))


def _verdict(found: Sequence[Looks], words: Wording) -> str:
    """Return in words what the most telling looks came to."""
    if not found:
        return words("looks_none")
    looks, count = found[0], len(found[0].rows)
    if "pass" not in looks.verdicts and not looks.fails and looks.kind != DIFFERENCE:
        return words("looks_blind", count=count)
    if looks.verdicts[-1] == "fail" or (count == 1 and looks.verdicts[0] in LAST_LOOK):
        return _last_look(looks, words)
    if looks.fails:
        return words("looks_mixed", fails=looks.fails, count=count)
    return words("looks_passed", count=count)


LAST_LOOK = {"fail": "looks_failed", "pass": "looks_passed_value", "inconclusive": "looks_undecided"}


def _last_look(looks: Looks, words: Wording) -> str:
    last = looks.rows.iloc[-1]
    return words(
        LAST_LOOK[str(last.verdict)],
        metric=words("named_difference", metric=looks.metric) if looks.kind == DIFFERENCE else looks.metric,
        clock=words.clock(last.at_seconds),
        threshold=words.limit(looks.kind, last.threshold),
        **{name: words.measured(looks.kind, float(last[name])) for name in ("value", "low", "high")},
    )


def _say_nobody_looked(page: Page, words: Wording) -> None:
    axes = page.panel((LEFT, BOTTOM + 0.05, 1 - 2 * LEFT, TOP - BOTTOM - 0.05))
    axes.set(xticks=[], yticks=[], xlim=(0, 1))
    axes.spines["bottom"].set_visible(False)
    no_data(axes, page.theme, 0, 1, words("looks_none_body"), height=0.5)


def _draw_block(page: Page, run: RunSource, words: Wording, looks: Looks, bottom: float, height: float) -> None:
    is_alone = height > 0.5
    size, row_height = (STRONG, 0.062) if is_alone else (BODY, 0.036)
    rows = table_rows(run, words, looks, with_all=is_alone)
    chart_bottom = bottom + row_height * (len(rows) + 1) + UNDER_CHART
    axes = page.panel((PANELS_LEFT, chart_bottom, PANELS_RIGHT - PANELS_LEFT, bottom + height - chart_bottom))
    axes.set_gid(f"{looks.judge} {looks.metric}")
    _draw_chart(axes, page, words, looks)
    y = bottom + height
    page.write(LEFT, y, _judge(words, looks.judge), fontsize=STRONG, fontweight="bold", va="top")
    what = page.write(LEFT, y - 0.032, _measured_of(words, looks), fontsize=SMALL, va="top", color=page.theme.muted)
    fitted(what, page, PANELS_LEFT - TICKS)
    draw_table(axes, page, words, rows, looks.verdicts, chart_bottom - UNDER_CHART, row_height, size)


def _judge(words: Wording, judge: str) -> str:
    if judge.startswith(ALERT):
        return words("judge_alert", name=judge.removeprefix(ALERT))
    return words(f"judge_{judge}") if words.has(f"judge_{judge}") else judge


def _measured_of(words: Wording, looks: Looks) -> str:
    kind = words(f"metric_{looks.kind}") if words.has(f"metric_{looks.kind}") else looks.kind
    return kind if looks.kind in (looks.metric, DIFFERENCE) else f"{looks.metric}: {kind}"


def _draw_chart(axes: Axes, page: Page, words: Wording, looks: Looks) -> None:
    theme, count = page.theme, len(looks.rows)
    axes.set_xlim(0.4, count + 0.6)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    low, high = _limits(looks)
    axes.set_ylim(low, high)
    marks = _value_ticks(low, high)
    axes.set_yticks(marks, [words.limit(looks.kind, mark) for mark in marks])
    is_overall = looks.version == "all"
    colour, marker = (theme.muted, "s") if is_overall else (theme.candidate, "^")
    if looks.version == "stable":
        colour, marker = theme.stable, "o"
    _draw_thresholds(axes, page, words, looks)
    at = np.arange(1, count + 1)
    value, lower, upper = (looks.column(name) for name in ("value", "low", "high"))
    known = ~np.isnan(value)
    slim = min(9.0, 330.0 / count)
    axes.vlines(
        at[known], lower[known], upper[known], color=colour, linewidth=slim, alpha=0.55, zorder=3, gid="interval"
    )
    edge: Style = {"markeredgecolor": theme.ink, "markeredgewidth": 1.2}
    style: Style = {
        "marker": marker,
        "markersize": min(13.0, 5 + 90 / count),
        "color": colour,
        "linestyle": "none",
        "zorder": 4,
        "clip_on": False,
    }
    axes.plot(at[known], value[known], gid="value", **style, **edge)
    for first, last in stretches(~known):
        label = words("no_data") if (last - first) / count >= NO_DATA_ROOM else ""
        no_data(axes, theme, at[first] - 0.5, at[last - 1] + 0.5, label)
    for number in _named(looks) if count > MOST_VALUES else np.flatnonzero(known):
        _write_value(axes, page, words, looks, int(number))


MOST_VALUES = 8
NO_DATA_ROOM = 0.09


def _named(looks: Looks) -> list[int]:
    """Return the looks whose value is written where there are too many for all: the last known and the largest."""
    value = looks.column("value")
    known = np.flatnonzero(~np.isnan(value))
    if not len(known):
        return []
    chosen = {int(known[-1]), int(known[np.argmax(value[known])])}
    far = len(value) * 0.1
    return [number for number in sorted(chosen) if number == known[-1] or abs(number - known[-1]) > far]


def _write_value(axes: Axes, page: Page, words: Wording, looks: Looks, number: int) -> None:
    """Write a measured value beside its mark, or above its interval where looks are crowded."""
    value, high = (float(looks.column(name)[number]) for name in ("value", "high"))
    is_crowded = len(looks.rows) > MOST_VALUES
    place = min(high, axes.get_ylim()[1] * 0.9) if is_crowded and np.isfinite(high) else value
    axes.annotate(
        words.measured(looks.kind, value),
        (number + 1, place),
        (0, 3) if is_crowded else (12, 0),
        textcoords="offset points",
        ha=("right" if number > 0.93 * len(looks.rows) else "center") if is_crowded else "left",
        va="bottom" if is_crowded else "center",
        zorder=6,
        gid="value text",
        bbox={"facecolor": page.theme.surface, "edgecolor": "none", "pad": 1.0, "alpha": 0.8},
        **text_style(page.theme, fontsize=BODY if is_crowded else STRONG, fontweight="bold"),
    )


LONGEST_INTERVAL = 3.0
"""How far an interval is shown beyond the values, in sizes of their range."""


def _limits(looks: Looks) -> tuple[float, float]:
    """Return the ends of the axis: every value and threshold, and intervals as far as these are not pressed flat."""
    value, low, high, threshold = (looks.column(name) for name in ("value", "low", "high", "threshold"))
    points = np.concatenate([value, threshold])
    points = points[np.isfinite(points)]
    if not len(points):
        return 0.0, 1.0
    top, bottom = max(float(points.max()), 0.0), min(float(points.min()), 0.0)
    size = max(top - bottom, 1e-9)
    above = np.nanmax(np.where(np.isfinite(high), high, np.nan), initial=top)
    below = np.nanmin(np.where(np.isfinite(low), low, np.nan), initial=bottom)
    reach = math.inf if looks.kind == DIFFERENCE else LONGEST_INTERVAL
    least, most = (
        max(min(below, bottom), bottom - reach * size) - 0.04 * size,
        min(above, top + reach * size) + 0.16 * size,
    )
    if np.isfinite(threshold).any():
        # The side that is worse has room for its name.
        is_above = _worse_is_above(looks)
        least = min(least, float(np.nanmin(threshold)) - 0.14 * size) if is_above is False else least
        most = max(most, float(np.nanmax(threshold)) + 0.14 * size) if is_above else most
    return least, most


def _value_ticks(low: float, high: float) -> list[float]:
    marks = round_ticks(max(high, -low), 4)
    return [mark for mark in [*(-mark for mark in marks[:0:-1]), *marks] if low <= mark <= high]


def _draw_thresholds(axes: Axes, page: Page, words: Wording, looks: Looks) -> None:
    """Draw the threshold of each look, its name, and the side that is worse where the verdicts tell which it is."""
    theme = page.theme
    threshold = looks.column("threshold")
    known = np.flatnonzero(np.isfinite(threshold))
    if not len(known):
        return
    edges = np.arange(0.5, len(threshold) + 1)
    edges[0], edges[-1] = axes.get_xlim()
    axes.stairs(
        threshold, edges, baseline=None, color=theme.ink, linewidth=2.0, linestyle=LIMIT, zorder=2.5, gid="threshold"
    )
    is_above = _worse_is_above(looks)
    if is_above is not None:
        far = axes.get_ylim()[1 if is_above else 0]
        axes.stairs(np.nan_to_num(threshold, nan=far), edges, baseline=far, fill=True, color=theme.panel, zorder=0)
    first = float(threshold[known[0]])
    bbox: Style = {"facecolor": theme.surface if is_above is None else theme.panel, "edgecolor": "none", "pad": 1.5}
    style: Style = {
        "fontsize": SMALL,
        "color": theme.muted,
        "va": "bottom" if is_above is False else "top",
        "bbox": bbox,
    }
    text = words("threshold_is", value=words.limit(looks.kind, first))
    if is_above is not None:
        height, text = (0.985 if is_above else 0.015), f"{words('worse')} ({text})"
        write(axes, theme, 0.008, height, text, transform=axes.transAxes, **style)
    else:
        write(axes, theme, axes.get_xlim()[0] + 0.01 * len(threshold), first, text, **{**style, "va": "bottom"})


def _worse_is_above(looks: Looks) -> bool | None:
    """True when failing looks lie above the threshold or passing ones below it; None when nothing tells."""
    above = looks.column("value") > looks.column("threshold")
    known = np.isfinite(looks.column("value")) & np.isfinite(looks.column("threshold"))
    votes = [
        bool(is_above) == (verdict == "fail")
        for is_above, is_known, verdict in zip(above, known, looks.verdicts, strict=True)
        if is_known and verdict in ("fail", "pass")
    ]
    return votes[0] if votes and len(set(votes)) == 1 else None
