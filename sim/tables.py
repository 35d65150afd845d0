"""A record as tidy pandas frames: one row is one observation, moments are seconds since the release started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.protocol import Reason
from sim.metrics.status import is_answered
from sim.outcomes import Outcomes
from sim.record import Decision, Event, PodRow, Record
from sim.scenario import Scenario
from sim.windows import columns

if TYPE_CHECKING:
    import pandas as pd

SLOW = "slow"
REASONS = (*(reason.name.lower() for reason in Reason), SLOW)
NOT_REACHED = ""
"""Stands for the service, version or pod of a request that reached none, and for the segment of a user in none."""
WINDOW_COLUMNS = (
    "at_seconds",
    "service",
    "version",
    "requests",
    "failed",
    "mirrored",
    "share",
    "requested_weight",
    "pods_ready",
    "queue",
    "utilization",
    "latency_p50_seconds",
    "latency_p99_seconds",
)


def requests(record: Record, scenario: Scenario, rows: Outcomes) -> pd.DataFrame:
    """Return one row per user request that arrived in [0, duration), in order of arrival.

    `service`, `version` and `pod` are those of the last attempt. `reason` is `slow` for an answer over the limit of the
    latency objective. `converted` marks the answer that made its user (or, per request, itself) convert.
    """
    import pandas as pd

    answers = record.answers
    pod_names = [pod.name for pod in sorted(record.pods, key=lambda pod: pod.pod)]
    reason = np.where(rows.slow, np.int8(len(Reason)), answers.reason[rows.row])
    segment = record.requests.segment_of_user[rows.user]
    return pd.DataFrame(
        {
            "request": rows.request,
            "user": rows.user,
            "segment": _named(segment, list(scenario.users.segments)),
            "endpoint": _endpoint(record, rows),
            "arrival_seconds": rows.arrival,
            "service": _service(record, rows.version),
            "version": _version(record, rows.version),
            "pod": _named(answers.pod[rows.row], pod_names),
            "attempts": rows.attempts,
            "start_seconds": answers.start[rows.row],
            "finish_seconds": rows.finish,
            "latency_seconds": rows.latency,
            "status": answers.status[rows.row],
            "reason": _categories(reason, REASONS),
            "converted": converted(record, scenario)[rows.row],
        }
    )


def windows(record: Record, scenario: Scenario) -> pd.DataFrame:
    """Return one row per second and version: what finished in [at_seconds, at_seconds + 1), and the state at its start.

    `requests` counts user requests and mirrored copies, `mirrored` the copies among them; `failed` is error or slow, of
    both. `share` is the version's part of the user requests that finished having reached any version; a second without
    any repeats the last. Rows with an empty version hold the requests that reached none, in the seconds that have some.
    `utilization` is busy workers over workers of ready pods. Percentiles are of answered requests.
    """
    import pandas as pd

    found = columns(record, scenario)
    names = {"service": _service(record, found["version"]), "version": _version(record, found["version"])}
    return pd.DataFrame({**found, **names})[list(WINDOW_COLUMNS)]


def pods(record: Record) -> pd.DataFrame:
    """Return one row per pod, warm-up included; a moment that has not come is empty."""
    rows = [{**asdict(pod), "pod": pod.name} for pod in record.pods]
    return _frame(rows, [column.name for column in fields(PodRow) if column.name != "name"])


def events(record: Record) -> pd.DataFrame:
    """Return one row per event, in order."""
    return _frame([asdict(event) for event in record.events], [column.name for column in fields(Event)])


def decisions(record: Record) -> pd.DataFrame:
    """Return one row per look of a judge or an alert, in order."""
    return _frame([asdict(look) for look in record.decisions], [column.name for column in fields(Decision)])


def converted(record: Record, scenario: Scenario) -> NDArray[np.bool_]:
    """Return per answer whether it made its user, or per request itself, convert.

    Per user the first ok answer at or after 0 decides once: the user's own number against the rate of its version.
    """
    answers, drawn = record.answers, record.requests
    rate = np.zeros(len(record.service_versions) + 1)  # -1, not reached, is the last
    per = "user"
    for number, (service, name) in enumerate(record.service_versions):
        conversion = scenario.services[service].resolved(name).conversion
        if conversion is not None:
            rate[number], per = conversion.rate, conversion.per
    counts = np.flatnonzero((answers.copy == 0) & is_answered(answers.status) & (answers.finish >= 0))
    users = drawn.user[answers.request[counts]]
    if per == "user":
        _, first = np.unique(users, return_index=True)
        counts, users = counts[first], users[first]
        luck = drawn.conversion_of_user[users]
    else:
        luck = drawn.conversion[answers.request[counts]]
    result = np.zeros(len(answers), dtype=np.bool_)
    result[counts] = luck < rate[answers.version[counts]]
    return result


def _endpoint(record: Record, rows: Outcomes) -> pd.Categorical[str]:
    """Return what each request asked for."""
    asked = record.requests.endpoint
    places = np.full(len(rows), -1) if asked is None else asked[rows.request]
    return _named(places, list(record.requests.endpoints))


def _service(record: Record, versions: NDArray[Any]) -> pd.Categorical[str]:
    """Return the service that each version number belongs to."""
    services = list(dict.fromkeys(service for service, _ in record.service_versions))
    number = np.array([*(services.index(service) for service, _ in record.service_versions), -1])  # -1: none, the last
    return _named(number[versions], services)


def _version(record: Record, versions: NDArray[Any]) -> pd.Categorical[str]:
    """Return the name of each version number."""
    names = list(dict.fromkeys(name for _, name in record.service_versions))
    number = np.array([*(names.index(name) for _, name in record.service_versions), -1])
    return _named(number[versions], names)


def _named(numbers: NDArray[Any], names: Sequence[str]) -> pd.Categorical[str]:
    """Return the names by number, -1 being the empty name."""
    return _categories(np.asarray(numbers, dtype=np.int64) + 1, [NOT_REACHED, *names])


def _categories(codes: NDArray[Any], names: Sequence[str]) -> pd.Categorical[str]:
    import pandas as pd

    return pd.Categorical.from_codes(codes, categories=pd.Index(names))


def _frame(rows: list[dict[str, Any]], names: list[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=names)
