"""Where labels go: rows of a strip, and free places around points. Pure geometry in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1."""


def rows_for(spans: Sequence[tuple[float, float]], rows: int, gap: float = 0.0) -> list[int | None]:
    """Return for each span (left, right; by left) the first row in which it overlaps nothing; None if there is none."""
    ends = [float("-inf")] * rows
    chosen: list[int | None] = []
    for left, right in spans:
        row = next((row for row, end in enumerate(ends) if end + gap <= left), None)
        chosen.append(row)
        if row is not None:
            ends[row] = right
    return chosen


@dataclass(frozen=True)
class Label:
    """A box of that size that names a round point."""

    width: float
    height: float
    x: float
    y: float
    radius: float


SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
"""Where a label may stand, the places people look first in front."""

DISTANCES = (6.0, 22.0, 44.0, 75.0, 115.0, 165.0)
"""Pixels between a point's edge and its label; from the second on a line leads there."""


def place(labels: Sequence[Label], obstacles: Sequence[Box], bounds: Box, sweeps: int = 4) -> list[Box]:
    """Return a box for each label: near its point, inside the bounds, on nothing if that can be had."""
    boxes: list[Box | None] = [None] * len(labels)
    for _ in range(sweeps):
        for number, label in enumerate(labels):
            others = [box for other, box in enumerate(boxes) if box is not None and other != number]
            boxes[number] = min(_places(label), key=lambda put: put[1] + _cost(put[0], obstacles, others, bounds))[0]
    return [box for box in boxes if box is not None]


def _places(label: Label) -> list[tuple[Box, float]]:
    """Return the boxes a label may take, each with how far from ideal it is."""
    found = []
    for reach, distance in enumerate(DISTANCES):
        for rank, (side_x, side_y) in enumerate(SIDES):
            away = label.radius + distance
            if side_x and side_y:
                away *= 0.72
            x = label.x + side_x * away - label.width * (1 - side_x) / 2
            y = label.y + side_y * away - label.height * (1 - side_y) / 2
            found.append(((x, y, x + label.width, y + label.height), 60.0 * reach + 4.0 * rank))
    return found


OUTSIDE, ON_LABEL, ON_MARK = 50.0, 20.0, 4.0
"""Cost per square pixel of leaving the bounds, covering a label, covering a mark."""


def _cost(box: Box, obstacles: Sequence[Box], others: Sequence[Box], bounds: Box) -> float:
    area = (box[2] - box[0]) * (box[3] - box[1])
    outside = area - overlap(box, bounds)
    return (
        OUTSIDE * outside
        + ON_LABEL * sum(overlap(box, other) for other in others)
        + ON_MARK * sum(overlap(box, other) for other in obstacles)
    )


def overlap(one: Box, other: Box) -> float:
    """Return the area two boxes share."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return width * height if width > 0 and height > 0 else 0.0
