"""A finished run as the compact list of events that the stage plays (see `encode`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.app.stage import story
from sim.app.stage.counts import CANDIDATE, Bins, affected_users, bins_for, kinds
from sim.app.stage.marks import AT_VERSION, NOWHERE, Marks, encode_marks, packed, tick_milliseconds
from sim.app.stage.pods import Places, beyond, milliseconds, phases, places
from sim.app.stage.steps import steps
from sim.outcomes import Outcomes, is_error, is_slow, outcomes, public_users
from sim.record import PodRow, Record
from sim.scenario import Scenario

MOST_MARKS = 300_000
"""Above, one request in k is sent: about 0.9 MB of text. Counts are of all requests all the same."""


def encode(record: Record, none: Record, scenario: Scenario) -> dict[str, Any]:
    """Return the run as JSON-ready values; `none` is the same run without the release.

    `marks` and `copies` hold requests (see `marks.py`), one in k of them. `bins` counts all requests of the public
    by `step` milliseconds of arrival: `requests` and `failed` by who answered (stable, candidate, nobody), `copies` as
    sent and failed, `affected` users so far. The rest is the control plane's story, each row beginning with its
    milliseconds.
    """
    rows, expected = outcomes(record, scenario), outcomes(none, scenario)
    public = public_users(record, scenario)
    pods = _pods_by_version(record)
    where = places(pods)
    copies = _copies(record, scenario, where)
    k = max(1, -(-(len(rows) + len(copies.at)) // MOST_MARKS))
    tick = tick_milliseconds(record.duration)
    of_public = rows.where(public[rows.user])
    reached = of_public.arrival[of_public.version == record.candidate]
    return {
        "v": 2,
        "t_end": milliseconds(record.duration),
        "tick": tick,
        "k": k,
        "seed": record.seed,
        "strategy": record.strategy,
        "mesh": scenario.mesh is not None,
        "rate": len(rows) / record.duration,
        "versions": _versions(record),
        "hasTesters": not bool(public.all()),
        "users": int(np.count_nonzero(np.bincount(of_public.user))),
        "slots": where.slots,
        "hasBeyond": where.has_beyond,
        "marks": encode_marks(_marks(record, rows, where).one_in(k), tick),
        "copies": encode_marks(copies.one_in(k), tick),
        "bins": _counts(record, of_public, expected.where(public[expected.user]), copies),
        "pods": phases(pods, where),
        "beyond": beyond(pods, where),
        **_story(record, scenario, float(reached[0]) if len(reached) else None),
    }


def _story(record: Record, scenario: Scenario, exposed_at: float | None) -> dict[str, Any]:
    return {
        "weights": story.weights(record),
        "looks": story.looks(record),
        "log": story.log(record),
        "steps": steps(record, scenario),
        "undo": story.undo_at(record),
        "undoReason": story.undo_reason(record),
        "outcomes": story.outcomes(record),
        "moments": story.moments(record, exposed_at),
        "noticing": story.noticing(scenario),
    }


def _versions(record: Record) -> list[str]:
    """Return the names of the stable version and of the candidate, if there is one."""
    numbers = [record.stable] if record.candidate is None else [record.stable, record.candidate]
    return [record.service_versions[number][1] for number in numbers]


def _pods_by_version(record: Record) -> list[list[PodRow]]:
    """Return the pods of the stable version and, if something is released, those of any other."""
    stable = record.service_versions[record.stable][1]
    pods = [pod for pod in record.pods if pod.service == record.service]
    old = [pod for pod in pods if pod.version == stable]
    return [old] if record.candidate is None else [old, [pod for pod in pods if pod.version != stable]]


def _marks(record: Record, rows: Outcomes, where: Places) -> Marks:
    place = _places(record.answers.pod[rows.row], rows.version, where)
    return Marks(rows.arrival, place, kinds(rows.version, record) == CANDIDATE, rows.failed)


def _places(pod: NDArray[np.int32], version: NDArray[np.int16], where: Places) -> NDArray[np.int64]:
    of_pod = np.full(max(where.of_pod, default=-1) + 2, AT_VERSION)  # the last stands for no pod
    of_pod[list(where.of_pod)] = list(where.of_pod.values())
    return np.where(version < 0, NOWHERE, of_pod[pod])


def _copies(record: Record, scenario: Scenario, where: Places) -> Marks:
    """Return the mirrored copies of the public's requests, at the arrival of the request they copy."""
    answers, drawn = record.answers, record.requests
    row = np.flatnonzero(answers.copy)
    row = row[np.argsort(answers.request[row], kind="stable")]
    arrival = drawn.arrival[answers.request[row]]
    counts = (arrival >= 0) & public_users(record, scenario)[drawn.user[answers.request[row]]]
    row, arrival = row[counts], arrival[counts]
    error = is_error(answers, row)
    failed = error | is_slow(answers.finish[row] - arrival, error, scenario)
    place = _places(answers.pod[row], answers.version[row], where)
    return Marks(arrival, place, np.ones(len(row), dtype=np.bool_), failed)


def _counts(record: Record, run: Outcomes, none: Outcomes, copies: Marks) -> Mapping[str, Any]:
    bins = bins_for(record.duration)
    kind = kinds(run.version, record)
    return {
        "step": bins.step * 1000,
        "requests": packed(bins.by_version(run.arrival, kind), np.uint32),
        "failed": packed(bins.by_version(run.arrival[run.failed], kind[run.failed]), np.uint32),
        "copies": packed(_sent_and_failed(bins, copies), np.uint32),
        "affected": packed(affected_users(bins, run, none), np.uint32),
    }


def _sent_and_failed(bins: Bins, copies: Marks) -> NDArray[np.int64]:
    return np.stack([bins.count(copies.at), bins.count(copies.at[copies.failed])])
