"""What the panels of one run share: its bins, the marks of its versions, its clock, and the notes beside a panel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from sim.figures.bins import NOT_REACHED, Floats, of_version, summed
from sim.figures.marks import Dashes, VersionMark, version_marks
from sim.figures.sources import RunSource
from sim.figures.theme import LEFT, SMALL, Page, Style, Theme, fitted
from sim.figures.words import Wording


@dataclass(frozen=True)
class Scene:
    """A run to be drawn on a page, cut into bins."""

    page: Page
    run: RunSource
    words: Wording
    edges: Floats

    @property
    def theme(self) -> Theme:
        return self.page.theme

    @property
    def duration(self) -> float:
        """Return how many seconds are shown."""
        return float(self.edges[-1])

    @property
    def stable(self) -> str:
        record = self.run.record
        return record.service_versions[record.stable][1]

    @property
    def candidate(self) -> str | None:
        record = self.run.record
        return None if record.candidate is None else record.service_versions[record.candidate][1]

    @cached_property
    def marks(self) -> dict[str, VersionMark]:
        """Return the marks of the versions that had pods, the stable one first and the candidate last."""
        used = {*self.run.pods["version"], self.stable, self.candidate} - {None}
        return version_marks(self.theme, sorted(used), self.stable, self.candidate)

    @cached_property
    def moments(self) -> Floats:
        """Return when the rollout changed: where names would stand on vertical lines."""
        turns = self.run.events.loc[self.run.events["kind"].isin(("undo", "abort", "outcome")), "at_seconds"]
        return np.array([*turns, *(change.at_seconds for change in self.run.record.routes)], dtype=float)

    @property
    def widths(self) -> Floats:
        """Return the length of each bin in seconds."""
        return np.diff(self.edges)

    def of_users(self, version: str) -> tuple[Floats, Floats]:
        """Return the users' requests and the failed ones among them, by bin; without mirrored copies.

        Model: in a second in which a version got copies only, its failures are the copies'.
        """
        rows = of_version(self.run, version)
        rows = rows[rows["requests"] > rows["mirrored"]]
        requests = summed(rows, "requests", self.edges) - summed(rows, "mirrored", self.edges)
        return requests, summed(rows, "failed", self.edges)

    def observed(self, version: str) -> tuple[Floats, Floats]:
        """Return what the version was asked and failed, by bin; with mirrored copies, as an analysis sees it."""
        rows = of_version(self.run, version)
        return summed(rows, "requests", self.edges), summed(rows, "failed", self.edges)

    def notes(self, axes: Axes, lines: Sequence[tuple[str, bool]]) -> None:
        """Write short lines in the margin right of a panel; True: in bold."""
        box = axes.get_position()
        for number, (text, is_bold) in enumerate(lines):
            weight = "bold" if is_bold else "normal"
            y = box.y1 - 0.002 - number * LINE
            fitted(
                self.page.write(box.x1 + 0.007, y, text, fontsize=SMALL, fontweight=weight, va="top"), self.page, 0.995
            )

    def key(self, axes: Axes, samples: Sequence[tuple[str, Line2D | Rectangle]]) -> None:
        """Write what the marks of a panel mean, under its name."""
        top = axes.get_position().y1 - KEY_TOP
        for number, (text, sample) in enumerate(samples):
            y = top - number * LINE
            sample.set_transform(self.page.transFigure)
            if isinstance(sample, Rectangle):
                sample.set_bounds(LEFT, y - 0.005, KEY_SAMPLE, 0.011)
            else:
                sample.set_data([LEFT, LEFT + KEY_SAMPLE / 2, LEFT + KEY_SAMPLE], [y, y, y])
                sample.set_markevery([1])
            self.page.add_artist(sample)
            line = self.page.write(LEFT + KEY_SAMPLE + 0.006, y, text, fontsize=SMALL, va="center_baseline")
            fitted(line, self.page, axes.get_position().x0 - TICKS)


KEY_TOP = 0.0525
"""From the top of a panel to the first line of its key, below name and unit."""

KEY_SAMPLE = 0.026
TICKS = 0.027
"""Share of the page's width that tick labels take."""

LINE = 0.021
"""Share of the page's height that a small line takes."""


LEAST_SHARE_OF_TRAFFIC = 0.01


def least_scale(scene: Scene) -> float:
    """Return the least scale of failed requests a second: single failures must look like what they are."""
    requests = np.sum([scene.of_users(version)[0] for version in (*scene.marks, NOT_REACHED)])
    return max(LEAST_SHARE_OF_TRAFFIC * float(requests) / scene.duration, 1e-3)


def line_sample(colour: str, width: float, style: str | Dashes = "-", marker: str = "") -> Line2D:
    """Return a piece of a line for a key."""
    look: Style = {"linestyle": style, "marker": marker}
    return Line2D([], [], color=colour, linewidth=width, markersize=6.5, **look)


def area_sample(**style: Any) -> Rectangle:
    """Return a piece of an area for a key."""
    return Rectangle((0, 0), 1, 1, **style)


SETTLED = ("rolled_back", "kept")
ROOM_AFTER, WORTH_CUTTING = 1.4, 0.7
"""How far past the last change a figure goes, and from which part of the run on it shows all of it."""


def shown_until(run: RunSource) -> float:
    """Return up to when a run is worth drawing: its end, or soon after its last change.

    Only a run that ended without a pod of a new version is cut: from then on it is the run without the release.
    """
    record = run.record
    if record.outcome not in SETTLED or record.candidate is None:
        return record.duration
    stable = record.service_versions[record.stable][1]
    is_new = (run.pods["service"] == record.service) & (run.pods["version"] != stable)
    gone = run.pods.loc[is_new, "gone_at"]
    if gone.isna().any():
        return record.duration
    moments = [gone.max(), run.events["at_seconds"].max(), run.decisions["at_seconds"].max(), record.settled_at]
    last = ROOM_AFTER * max(moment for moment in moments if moment == moment)
    step = next((step for step in CLOCK_STEPS if last / step <= MOST_CLOCK_TICKS), CLOCK_STEPS[-1])
    until = math.ceil(last / step) * step
    return float(until) if until < WORTH_CUTTING * record.duration else record.duration


MOST_CLOCK_TICKS = 8
CLOCK_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)


def time_axis(
    axes: Axes, duration: float, words: Wording, *, labelled: bool, most: int = MOST_CLOCK_TICKS, to_end: bool = True
) -> None:
    """Give axes the run's clock. to_end: label the last moment too."""
    step = next((step for step in CLOCK_STEPS if duration / step <= most), 86400 * math.ceil(duration / 86400 / most))
    axes.set_xlim(0, duration)
    axes.xaxis.set_major_locator(FixedLocator(np.arange(0, duration * (1 + 1e-9 if to_end else 0.95), step).tolist()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: words.clock(seconds)))
    axes.tick_params(axis="x", labelbottom=labelled, length=4 if labelled else 0)


def ticks(axes: Axes, words: Wording, values: Sequence[float]) -> None:
    """Give the vertical axis these round values."""
    axes.set_yticks(list(values), [words.tick(value) for value in values])
