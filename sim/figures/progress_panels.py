"""The panels of a rollout's progress that count: share of the new version, pods, served and failed requests."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes

from sim.figures.bins import NOT_REACHED, Floats, of_version, pod_phases, stretches, summed
from sim.figures.marks import (
    ASKED,
    DOTTED,
    HATCH_WIDTH,
    VersionMark,
    ceiling,
    crossed,
    no_data,
    round_ticks,
    say_no_data,
)
from sim.figures.scene import Scene, area_sample, least_scale, line_sample, ticks
from sim.figures.sources import RunSource
from sim.figures.theme import SMALL, Style, write

HEADROOM = 1.12


def draw_share(scene: Scene, axes: Axes) -> None:
    """Draw the share of the new version: asked dashed, actual filled, copies dotted and hollow."""
    theme, words = scene.theme, scene.words
    if scene.candidate is None:
        axes.set_yticks([])
        say_no_data(axes, theme, words("plain"))
        return
    colour = scene.marks[scene.candidate].colour
    asked_at, asked = asked_share(scene.run)
    actual, copies = actual_share(scene)
    axes.stairs(np.nan_to_num(actual), scene.edges, fill=True, color=colour, alpha=0.28, linewidth=0)
    axes.stairs(actual, scene.edges, color=colour, linewidth=2.6, baseline=None, zorder=2.5, gid="actual")
    samples = [(words("actual"), line_sample(colour, 2.6))]
    if asked.any():
        axes.step(asked_at, asked, where="post", color=theme.ink, linewidth=1.6, linestyle=ASKED, zorder=3, gid="asked")
        samples.insert(0, (words("asked"), line_sample(theme.ink, 1.6, ASKED)))
    if copies.any():
        axes.stairs(copies, scene.edges, color=colour, linewidth=2.2, linestyle=DOTTED, baseline=None, gid="copies")
        samples.append((words("copies"), line_sample(colour, 2.2, DOTTED)))
    limit = ceiling(max(1.0, np.nanmax(actual, initial=0.0), asked.max(initial=0.0), copies.max(initial=0.0)))
    axes.set_ylim(0, limit * HEADROOM)
    ticks(axes, scene.words, round_ticks(limit, 2))
    for start, end in missing(actual, scene.edges):
        no_data(axes, theme, start, end)
    scene.key(axes, samples)


def asked_share(run: RunSource) -> tuple[Floats, Floats]:
    """Return the moments and percents asked for the new version, from 0 to the end; empty where nothing was asked."""
    changes = [change for change in run.record.routes if not math.isnan(change.requested)]
    if not changes:
        return np.empty(0), np.empty(0)
    before = [change.requested for change in changes if change.at_seconds <= 0]
    after = [change for change in changes if 0 < change.at_seconds < run.record.duration]
    percents = [before[-1] if before else 0.0, *(change.requested for change in after)]
    moments = [0.0, *(change.at_seconds for change in after), run.record.duration]
    return np.array(moments), np.array([*percents, percents[-1]])


def actual_share(scene: Scene) -> tuple[Floats, Floats]:
    """Return the percent of user requests that reached the new version (nan without any), and of copies, by bin."""
    assert scene.candidate is not None
    reached = np.sum([scene.of_users(version)[0] for version in scene.marks], axis=0)
    new = scene.of_users(scene.candidate)[0]
    mirrored = summed(of_version(scene.run, scene.candidate), "mirrored", scene.edges)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(reached > 0, 100 * new / reached, np.nan), np.where(reached > 0, 100 * mirrored / reached, 0.0)


def missing(values: Floats, edges: Floats) -> list[tuple[float, float]]:
    """Return the stretches of bins that hold nan."""
    return [(float(edges[first]), float(edges[last])) for first, last in stretches(np.isnan(values))]


PHASES = (("ready", ""), ("starting", ".."), ("terminating", "\\\\\\"))
"""Phases of a pod from the bottom of the stack up, each with its hatch."""


def draw_pods(scene: Scene, axes: Axes) -> None:
    """Draw the pods stacked: each version's ready ones solid, starting ones dotted, terminating ones stroked."""
    phases = {name: pod_phases(scene.run, name) for name in scene.marks}
    at = np.unique(np.concatenate([phase.at for phase in phases.values()]))
    level = np.zeros(len(at))
    named = []
    for name, mark in scene.marks.items():
        for phase, hatch in PHASES:
            counts = getattr(phases[name], phase)
            upper = level + counts[np.searchsorted(phases[name].at, at, side="right") - 1]
            _draw_pod_area(scene, axes, mark, at, level, upper, phase, hatch)
            if phase == "ready":
                named.append((name, level, upper))
            level = upper
    top = max(1.0, level.max())
    axes.set_ylim(0, top * HEADROOM)
    ticks(axes, scene.words, round_ticks(top, 2))
    for name, lower, upper in named:
        name_area(scene, axes, name, at, lower, upper)
    _pod_key(scene, axes)


def _draw_pod_area(
    scene: Scene, axes: Axes, mark: VersionMark, at: Floats, lower: Floats, upper: Floats, phase: str, hatch: str
) -> None:
    theme, live = scene.theme, upper > lower
    if not live.any():
        return
    style: Style = {"facecolor": mark.colour, "linewidth": 0}
    if hatch:
        style = {"facecolor": theme.surface, "edgecolor": mark.colour, "linewidth": 1.3, "hatch": hatch}
        style |= {"hatchcolor": theme.ink, "hatch_linewidth": HATCH_WIDTH}
    # A step is drawn to where it ends, so the moment after the last one belongs to it.
    until = live | np.append(False, live[:-1])
    axes.fill_between(at, lower, upper, where=until, step="post", gid=f"{mark.name} {phase}", **style)
    if not hatch:
        axes.step(at, np.where(until, upper, np.nan), where="post", color=theme.surface, linewidth=1.4)


def _pod_key(scene: Scene, axes: Axes) -> None:
    theme = scene.theme
    samples = []
    for phase, hatch in PHASES:
        style: Style = {"facecolor": theme.muted, "edgecolor": theme.muted, "linewidth": 1.2}
        if hatch:
            style |= {
                "facecolor": theme.surface,
                "hatch": hatch * 2,
                "hatchcolor": theme.ink,
                "hatch_linewidth": HATCH_WIDTH,
            }
        samples.append((scene.words(phase), area_sample(**style)))
    scene.key(axes, samples)


NAME_PLACES = (0.5, 0.4, 0.6, 0.25, 0.75, 0.12, 0.88)
"""Parts of the way through an area at which its name may stand, the best first."""

NAME_HEIGHT, NAME_MARGIN = 24.0, 8.0
"""Pixels of a name and around it."""


def name_area(scene: Scene, axes: Axes, name: str, at: Floats, lower: Floats, upper: Floats) -> None:
    """Write a version's name into its area, where it is high enough all along and no vertical line crosses it."""
    box = axes.get_window_extent()
    style: Style = {"ha": "center", "va": "center", "fontsize": SMALL, "fontweight": "bold", "zorder": 3}
    text = write(axes, scene.theme, 0, 0, name, color=scene.theme.label_on_hue, **style)
    half = (scene.page.extent(text).width / 2 + NAME_MARGIN) / box.width * scene.duration
    needed = NAME_HEIGHT / box.height * axes.get_ylim()[1]
    shown = np.minimum(at, scene.duration)
    areas = [(float(shown[first]), float(shown[last])) for first, last in stretches((upper - lower)[:-1] >= needed)]
    areas = [(start, end) for start, end in areas if end - start >= 2 * half]
    for start, end in sorted(areas, key=lambda area: area[0] - area[1]):
        for part in NAME_PLACES:
            x = start + half + (end - start - 2 * half) * part
            rows = slice(
                max(int(np.searchsorted(at, x - half, side="right")) - 1, 0), int(np.searchsorted(at, x + half))
            )
            low, high = float(lower[rows].max()), float(upper[rows].min())
            if high - low >= needed and not (np.abs(scene.moments - x) < half).any():
                text.set_position((x, (low + high) / 2))
                return
    text.remove()


def draw_served(scene: Scene, axes: Axes) -> None:
    """Draw the users' requests that were served each second, the versions stacked."""
    base = np.zeros(len(scene.widths))
    named = []
    for name, mark in scene.marks.items():
        requests, failed = scene.of_users(name)
        upper = base + (requests - failed) / scene.widths
        axes.stairs(upper, scene.edges, baseline=base, fill=True, color=mark.colour, linewidth=0, gid=f"{name} served")
        if base.any():
            between = np.where(upper > base, base, np.nan)
            axes.stairs(between, scene.edges, color=scene.theme.surface, linewidth=1.6, baseline=None)
        named.append((name, base, upper))
        base = upper
    limit = ceiling(max(1.0, base.max()))
    axes.set_ylim(0, max(1.0, base.max()) * HEADROOM)
    ticks(axes, scene.words, [tick for tick in round_ticks(limit, 2) if tick <= base.max() * HEADROOM])
    for name, lower, upper in named:
        name_area(scene, axes, name, scene.edges, np.append(lower, lower[-1]), np.append(upper, upper[-1]))


def draw_failed(scene: Scene, axes: Axes) -> None:
    """Draw the users' requests that failed each second, hanging, the versions stacked and the unreached last."""
    theme, words = scene.theme, scene.words
    base = np.zeros(len(scene.widths))
    lines = []
    for name in (*scene.marks, NOT_REACHED):
        failed = scene.of_users(name)[1]
        if failed.any():
            face = scene.marks[name].colour if name else theme.panel
            style = crossed(theme.ink, theme.on_hue if name else theme.muted, face)
            upper = base + failed / scene.widths
            gid = f"{name or 'unreached'} failed"
            axes.stairs(upper, scene.edges, baseline=base, fill=True, linewidth=1.0, gid=gid, **style)
            base = upper
        key = "version_failed" if name else "unreached_failed"
        if name or failed.any():
            lines.append((words(key, version=name, count=words.count(failed.sum())), name == scene.candidate))
    top = max(base.max(), least_scale(scene))
    axes.set_ylim(top * HEADROOM, 0)
    ticks(axes, scene.words, round_ticks(top, 2))
    axes.spines["bottom"].set_visible(False)
    axes.spines["top"].set(visible=True, color=theme.ink)
    if not base.any():
        write(
            axes,
            theme,
            0.5,
            0.5,
            words("nothing_failed"),
            transform=axes.transAxes,
            ha="center",
            va="center",
            color=theme.muted,
        )
    scene.notes(axes, [(words("overall"), False), *lines])
