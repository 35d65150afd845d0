"""Each metric on an example worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.engine.protocol import Answers, Reason, Requests
from sim.metrics import METRICS
from sim.metrics.first_answers import FirstAnswers
from sim.metrics.window import Busy, Expected, Selection, Window, cut

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


def test_a_window_begins_after_its_start_and_ends_with_its_end() -> None:
    assert window(0.5, 4.4).finish.tolist() == [1.1, 2.3, 3.2, 4.4]


def test_every_user_request_counts_for_the_service_and_no_copy_does() -> None:
    assert window(0, 10).request.tolist() == list(range(8))


def test_a_version_is_known_by_its_copies_too() -> None:
    assert window(0, 10, CANDIDATE).request.tolist() == [2, 3, 4, 4, 7]


def test_a_segment_is_its_users_requests() -> None:
    assert window(0, 10, segment=0).request.tolist() == [0, 4]


def test_error_rate_counts_5xx_and_no_4xx() -> None:
    metric = METRICS["errorRate"]
    assert metric.value(window(0, 10, CANDIDATE)) == 1 / 5
    assert metric.value(window(0, 10)) == 3 / 8
    assert metric.samples(window(0, 10)) == 8


def test_error_rate_takes_in_what_was_expected_before_the_history() -> None:
    assert METRICS["errorRate"].value(window(0, 10, expected=Expected(92.0, 2.0))) == 5 / 100


def test_latencies_are_of_answered_requests() -> None:
    candidate = window(0, 10, CANDIDATE)
    assert METRICS["latencyP50"].value(candidate) == pytest.approx(0.25)  # of 0.2, 0.2, 0.3 and 0.5
    assert METRICS["latencyP99"].value(candidate) == pytest.approx(0.494)
    assert METRICS["latencyP99"].samples(candidate) == 4


def first_answers(per: str, until: float = 10.0) -> FirstAnswers:
    known = FirstAnswers(REQUESTS, {STABLE: 0.1, CANDIDATE: 0.2}, per)  # type: ignore[arg-type]
    known.extend(answers(), until)
    return known


def test_the_first_ok_answer_decides_a_users_conversion() -> None:
    known = first_answers("user")
    assert known.version.tolist() == [STABLE, STABLE, CANDIDATE, CANDIDATE]
    metric = METRICS["conversion"]
    # Users 2, 3 and 0 reached the candidate; 2 converts (0.15 < 0.2), 3 does not, 0 met the stable version before.
    assert metric.value(window(0, 10, CANDIDATE, first_answers=known)) == 1 / 2
    # Users 0 and 1 reached the stable version; 0 converts (0.05 < 0.1).
    assert metric.value(window(0, 10, STABLE, first_answers=known)) == 1 / 2
    assert metric.samples(window(0, 10, first_answers=known)) == 4


def test_each_ok_answer_decides_for_itself_where_conversion_is_per_request() -> None:
    # Requests 2, 3, 4 and 7; 4 failed; each own number is 0.15 < 0.2.
    assert METRICS["conversion"].value(window(0, 10, CANDIDATE, first_answers=first_answers("request"))) == 3 / 4


def test_taking_answers_in_piece_by_piece_is_the_same() -> None:
    known = first_answers("user", until=2.3)
    assert known.version.tolist() == [STABLE, -1, CANDIDATE, -1]
    for until in (2.3, 3.0, 6.0, 10.0):
        known.extend(answers(), until)
    assert known.version.tolist() == first_answers("user").version.tolist()


def test_saturation_is_busy_over_ready_workers() -> None:
    metric = METRICS["saturation"]
    assert metric.value(window(0, 10, busy=Busy(30.0, 40.0, 10))) == 0.75
    assert (math.isnan(metric.value(window(0, 10, busy=Busy(0.0, 0.0, 10)))), metric.samples(window(0, 10))) == (
        True,
        0,
    )


@pytest.mark.parametrize("name", METRICS)
def test_nothing_measures_nothing(name: str) -> None:
    metric = METRICS[name]
    assert (math.isnan(metric.value(window(20, 30))), metric.samples(window(20, 30))) == (True, 0)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_says_its_unit_and_source(name: str) -> None:
    assert METRICS[name].name == name
    assert METRICS[name].unit
    assert METRICS[name].source
