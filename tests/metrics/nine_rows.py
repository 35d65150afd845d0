"""Nine rows of answers, small enough to measure by hand."""

from __future__ import annotations

import numpy as np

from sim.engine.protocol import Answers, Reason, Requests
from sim.metrics.first_answers import FirstAnswers, Per
from sim.metrics.window import Selection, Window, cut

STABLE, CANDIDATE = 0, 1

# request, copy, version, finish, status; request r arrives at second r and is user r modulo 4's.
ROWS = [
    (0, 0, STABLE, 0.5, 200),
    (1, 0, STABLE, 1.1, 500),
    (2, 0, CANDIDATE, 2.3, 200),
    (3, 0, CANDIDATE, 3.2, 404),
    (4, 0, CANDIDATE, 4.4, 504),
    (4, 1, CANDIDATE, 4.5, 200),
    (5, 0, STABLE, 5.1, 200),
    (6, 0, -1, 6.0, 503),
    (7, 0, CANDIDATE, 7.2, 200),
]
REQUESTS = Requests(
    seed=1,
    replication=0,
    arrival=np.arange(8.0),
    user=np.arange(8, dtype=np.int32) % 4,
    segment_of_user=np.array([0, -1, -1, -1], dtype=np.int16),
    sticky_of_user=np.full(4, 0.5),
    conversion_of_user=np.array([0.05, 0.5, 0.15, 0.25]),
    conversion=np.full(8, 0.15),
)


def answers() -> Answers:
    request, copy, version, finish, status = zip(*ROWS, strict=True)
    return Answers(
        request=np.array(request),
        copy=np.array(copy, dtype=np.int8),
        version=np.array(version, dtype=np.int16),
        pod=np.array(version, dtype=np.int32),
        attempts=np.ones(len(ROWS), dtype=np.int16),
        start=np.array(finish) - 0.1,
        finish=np.array(finish),
        status=np.array(status, dtype=np.int16),
        reason=np.where(np.array(status) == 200, Reason.OK, Reason.ERROR).astype(np.int8),
    )


def window(start: float, end: float, *versions: int, segment: int | None = None, **more: object) -> Window:
    selection = Selection(versions or None, segment)
    return cut(answers(), REQUESTS, start, end, selection, **more)  # type: ignore[arg-type]


def first_answers(per: Per, until: float = 10.0) -> FirstAnswers:
    known = FirstAnswers(REQUESTS, [0.1, 0.2], per)
    known.extend(answers(), until)
    return known
