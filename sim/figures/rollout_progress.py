"""Rollout progress of one run: events, share, pods, served, failed, errors and latency on one clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.bins import bin_edges, bin_width
from sim.figures.events_strip import EVENT_ROWS, LOOK_ROWS, Item, Strip, draw_item, happenings, looks
from sim.figures.progress_panels import draw_failed, draw_pods, draw_served, draw_share
from sim.figures.progress_rates import draw_error_rate, draw_latency
from sim.figures.scene import TICKS, Scene, shown_until, time_axis
from sim.figures.sources import RunSource
from sim.figures.theme import LEFT, SMALL, STRONG, TALL, Page, fitted, theme_named, write
from sim.figures.titles import made, outcome_at, sentence, strategy_label
from sim.figures.words import Wording

PANELS_LEFT, PANELS_RIGHT = 0.185, 0.872
TOP, BOTTOM = 0.862, 0.052
ROW, STRIP_TO_PANELS, BETWEEN = 0.031, 0.018, 0.024
"""Shares of the page's height: a row of the strip, the gap below it, the gap between panels."""

Draw = Callable[[Scene, Axes], None]
PANELS: tuple[tuple[str, str, float, Draw], ...] = (
    ("share", "share_unit", 1.15, draw_share),
    ("pods", "pods_unit", 1.2, draw_pods),
    ("served", "rate_unit", 1.0, draw_served),
    ("failed_panel", "rate_unit", 0.95, draw_failed),
    ("error_rate", "error_unit", 1.2, draw_error_rate),
    ("latency", "latency_unit", 1.2, draw_latency),
)
"""Words of name and unit, relative height, and who draws it."""


def rollout_progress(run: RunSource, theme: str = "light", words: Mapping[str, str] | None = None) -> Figure:
    """Return the figure of how one rollout went, from its first moment to its last."""
    wording = Wording(words)
    page = Page(theme_named(theme), TALL)
    until = shown_until(run)
    width = bin_width(until)
    scene = Scene(page, run, wording, bin_edges(until, width))
    page.head(_title(run, wording), *_lines(scene, width))
    top, items = _draw_strip(scene)
    panels = _draw_panels(scene, top)
    for axes in panels:
        _draw_moments(axes, scene, items)
    return page


def _title(run: RunSource, words: Wording) -> str:
    summary = run.summary()
    excess = summary.get("excess_failed_requests")
    if run.record.candidate is None or excess is None:
        harm = words("harm_plain", failed=words.count(summary["failed_requests"]))
    elif excess > 0:
        harm = words("harm_one" if excess == 1 else "harm", count=words.count(excess))
    else:
        harm = words("harm_none")
    return words("progress_title", strategy=strategy_label(run, words), outcome=outcome_at(run, words), harm=harm)


def _lines(scene: Scene, width: float) -> tuple[str, ...]:
    """Return why it ended so, and how the figure was made."""
    run, words = scene.run, scene.words
    how = words("progress_made", made=made(run.scenario, run.record.seed, words), width=words.span(width))
    if scene.duration < run.record.duration:
        how = f"{how} {words('shown_until', span=words.span(run.record.duration))}"
    reason = run.record.outcome_reason
    return (sentence(reason), how) if reason else (how,)


def _draw_strip(scene: Scene) -> tuple[float, list[Item]]:
    """Draw the strip of events; return where the panels may begin, and what happened."""
    run, page, words = scene.run, scene.page, scene.words
    strip = Strip(page, words, PANELS_LEFT, PANELS_RIGHT, scene.duration)
    verdicts = strip.lay_out(looks(run, words), LOOK_ROWS)
    changes = strip.lay_out(happenings(run, words), EVENT_ROWS)
    look_rows = 1 + max((row for row, _ in verdicts), default=-1)
    rows = max(1, look_rows + 1 + max((row for row, _ in changes), default=-1))
    bottom = TOP - rows * ROW
    axes = page.panel((PANELS_LEFT, bottom, PANELS_RIGHT - PANELS_LEFT, rows * ROW))
    axes.set(xlim=(0, scene.duration), ylim=(rows, 0), xticks=[], yticks=[])
    axes.spines["bottom"].set_visible(False)
    axes.grid(False)
    page.write(LEFT, TOP - ROW / 2, words("events"), fontsize=STRONG, fontweight="bold", va="center_baseline")
    placed = [*verdicts, *((look_rows + row, item) for row, item in changes)]
    for row, item in placed:
        draw_item(axes, scene.theme, strip, item, row + 0.5)
    if not placed:
        write(axes, scene.theme, 0, 0.5, words("no_event"), va="center_baseline", color=scene.theme.muted)
    return bottom - STRIP_TO_PANELS, [item for _, item in placed]


def _draw_panels(scene: Scene, top: float) -> list[Axes]:
    room = top - BOTTOM - BETWEEN * (len(PANELS) - 1)
    unit_height = room / sum(weight for *_, weight, _ in PANELS)
    drawn = []
    for name, unit, weight, draw in PANELS:
        height = unit_height * weight
        axes = scene.page.panel((PANELS_LEFT, top - height, PANELS_RIGHT - PANELS_LEFT, height))
        time_axis(axes, scene.duration, scene.words, labelled=draw is PANELS[-1][3])
        version = scene.candidate or scene.stable
        key = "share_plain" if name == "share" and scene.candidate is None else name
        title = scene.words(key, version=version)
        heading = scene.page.write(LEFT, top + 0.004, title, fontsize=STRONG, fontweight="bold", va="top")
        fitted(heading, scene.page, PANELS_LEFT - TICKS)
        scene.page.write(LEFT, top - 0.0215, scene.words(unit), fontsize=SMALL, va="top", color=scene.theme.muted)
        draw(scene, axes)
        drawn.append(axes)
        top -= height + BETWEEN
    unit_text = scene.words("clock_unit")
    scene.page.write(LEFT, BOTTOM - 0.017, unit_text, fontsize=SMALL, va="top", color=scene.theme.muted)
    return drawn


MOST_LINES = 40
"""More vertical lines than this hide what they cross."""


def _draw_moments(axes: Axes, scene: Scene, items: list[Item]) -> None:
    """Draw a hair line at each event through a panel, a thick one where the rollout turned."""
    theme = scene.theme
    changes = sorted({change.at_seconds for change in scene.run.record.routes if change.at_seconds > 0})
    for at in changes if len(changes) <= MOST_LINES else []:
        axes.axvline(at, color=theme.muted, linewidth=0.7, alpha=0.55, linestyle="-", zorder=1.5)
    for item in items:
        if item.is_turning_point:
            axes.axvline(item.at, color=theme.ink, linewidth=1.8, linestyle="-", zorder=1.6)
