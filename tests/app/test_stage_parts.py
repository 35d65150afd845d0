"""The parts of the stage's events that need no run: marks, places of pods, counts."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.app.stage.counts import affected_users, bins_for
from sim.app.stage.marks import BEYOND, Marks, decode_marks, encode_marks, tick_milliseconds
from sim.app.stage.pods import GONE, READY, beyond, phases, places
from sim.outcomes import Outcomes
from sim.record import PodRow


def marks_at(moments):
    n = len(moments)
    return Marks(np.array(moments, dtype=float), np.arange(n) % 64, np.arange(n) % 3 == 0, np.arange(n) % 5 == 0)


@given(st.lists(st.floats(0, 3000), max_size=50).map(sorted))
def test_decoding_gives_the_marks_back(moments):
    marks = marks_at(moments)
    back = decode_marks(encode_marks(marks, 1), 1)
    assert back.place.tolist() == marks.place.tolist()
    assert back.candidate.tolist() == marks.candidate.tolist()
    assert back.failed.tolist() == marks.failed.tolist()
    assert np.allclose(back.at, marks.at, atol=0.0011)


def test_a_run_of_thirty_days_has_coarse_ticks_and_no_long_text():
    duration = 30 * 86_400.0
    tick = tick_milliseconds(duration)
    text = encode_marks(marks_at([0.0, duration - 1]), tick)["dt"]
    assert len(text) < 50_000
    assert abs(decode_marks({"dt": text, "where": "AAA="}, tick).at[-1] - (duration - 1)) <= tick / 1000


def test_one_in_k_keeps_every_pod_of_a_round_robin():
    n, k = 100_000, 10
    marks = Marks(np.arange(n) / 100.0, np.arange(n) % 10, np.zeros(n, dtype=bool), np.zeros(n, dtype=bool))
    kept = np.bincount(marks.one_in(k).place, minlength=10)
    # A tenth of 10,000 each; 3.9 standard errors of a binomial draw are a false alarm of 1 in 1,000 over ten pods.
    assert (np.abs(kept - 1000) < 117).all()


def pod(number, created, gone=np.nan):
    return PodRow(number, f"v1-{number}", "shop", "v1", created, created, created + 1, created + 1, gone - 1, gone)


def test_a_place_is_free_again_when_its_pod_has_gone():
    pods = [[pod(0, -10, gone=20), pod(1, 5), pod(2, 20)]]
    where = places(pods)
    assert where.of_pod == {0: 0, 1: 1, 2: 0}
    assert where.slots == (2,)
    last = {}
    for at, _, place, phase in phases(pods, where):
        if at <= 20_000:
            last[place] = phase
    assert last == {0: 0, 1: READY}


def test_pods_beyond_sixty_are_counted_together():
    pods = [[pod(number, -10, gone=30 if number > 60 else np.nan) for number in range(70)]]
    where = places(pods)
    assert where.slots == (60,)
    assert [where.of_pod[number] for number in (0, 59, 60, 69)] == [0, 59, BEYOND, BEYOND]
    told = beyond(pods, where)
    assert told[1] == [0, 0, 0, 10, 0]
    assert told[-1] == [30_000, 0, 0, 1, 0]
    assert GONE not in {row[3] for row in phases(pods, where)}


def outcome(users, arrivals, failed):
    n = len(users)
    zeros = np.zeros(n, dtype=np.int16)
    error = np.array(failed, dtype=bool)
    return Outcomes(
        np.arange(n), np.array(users, dtype=np.int32), np.array(arrivals, dtype=float), np.array(arrivals, dtype=float),
        zeros, zeros, error, np.zeros(n, dtype=bool), np.arange(n),
    )  # fmt: skip


def test_a_user_is_affected_while_more_failed_than_without_the_release():
    users, arrivals = [1, 2, 1, 2], [0.5, 1.5, 2.5, 3.5]
    run = outcome(users, arrivals, [True, True, False, False])
    none = outcome(users, arrivals, [False, False, True, False])
    assert affected_users(bins_for(4), run, none).tolist() == [1, 2, 1, 1]
