"""Blast radius: whom a release hurt, for how long and at what price, against the same run with nothing deployed.

D is the run, N the same scenario, seed and replication without the release, G the run with a good release. Requests are
paired by number, so a failure is caused by the release (failed in D, not in N) or healed by it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.outcomes import FEWEST_FOR_P50, FEWEST_FOR_P99, Outcomes, outcomes, public_users
from sim.pairs import Pairs, paired
from sim.pod_counts import PodCounts, mixed_version_seconds, pod_counts
from sim.record import Record
from sim.scenario import Scenario

Value = float | int | str | None
"""A result: null where there is nothing to say."""

MINUTE = 60.0
BUDGET_PERIOD = 30 * 86_400.0
"""Seconds over which objectives are counted."""
MITIGATED_SHARE = 0.01
"""A release is mitigated while at most this share of the requests reaches the new version."""
RECOVERED_RATE = 0.001
"""A minute with no more net excess than this share of its requests counts as recovered."""
STANDARD_ERRORS = 3.0
"""An excess of fewer standard errors than this is taken for noise."""


@dataclass(frozen=True)
class Observed:
    """A record, and what is counted of it; every part is worked out when first asked for."""

    record: Record
    scenario: Scenario

    @cached_property
    def outcomes(self) -> Outcomes:
        """Return the outcome of every user request of [0, duration), testers included."""
        return outcomes(self.record, self.scenario)

    @cached_property
    def public(self) -> Outcomes:
        """Return the outcomes of the public's requests: those that count as damage."""
        return self.outcomes.where(public_users(self.record, self.scenario)[self.outcomes.user])

    @cached_property
    def pods(self) -> PodCounts:
        """Return how many pods were ready and existed over [0, duration)."""
        return pod_counts(self.record)


@dataclass(frozen=True)
class Floor:
    """What is kept of G: what even a good release costs, and how long its delivery takes."""

    excess_failed_requests: int
    delivery_seconds: float | None


@dataclass(frozen=True)
class Damage:
    """The paired difference of D and N over the public's requests of [0, duration), in order of arrival."""

    run: Outcomes
    pairs: Pairs
    candidate: int | None
    duration: float

    @cached_property
    def reached(self) -> NDArray[np.bool_]:
        """Return which requests reached the new version."""
        if self.candidate is None:
            return np.zeros(len(self.run), dtype=np.bool_)
        return np.asarray(self.run.version == self.candidate)

    @cached_property
    def share(self) -> NDArray[np.float64]:
        """Return s(t): per second of arrival, the share of requests that reached the new version."""
        return exposure_share(self.run.arrival, self.run.version >= 0, self.reached, self.duration)

    @cached_property
    def first_harm_at(self) -> float | None:
        """Return T0: arrival of the first request that reached the new version or failed because of the release."""
        reached, caused = self.run.arrival[self.reached], self.pairs.arrival[self.pairs.caused]
        return min((float(moments[0]) for moments in (reached, caused) if len(moments)), default=None)


def compare_runs(run: Observed, none: Observed) -> Damage:
    """Return the paired difference of a run and the same run without the release."""
    return Damage(run.public, paired(run.public, none.public), run.record.candidate, run.record.duration)


def floor(good: Observed, none: Observed) -> Floor:
    """Return what is kept of G."""
    excess = int(np.count_nonzero(good.public.failed)) - int(np.count_nonzero(none.public.failed))
    return Floor(excess, _delivery_seconds(good))


def measure(run: Observed, none: Observed, good: Floor, damage: Damage) -> dict[str, Value]:
    """Return every field of the blast radius, in the order of FIELDS."""
    record = run.record
    return {
        "outcome": record.outcome,
        "outcome_reason": record.outcome_reason,
        **_requests(damage, none.public),
        **_users(damage),
        **_budgets(damage, none.public, run.scenario),
        **_exposure(damage, _settled_at(record)),
        "mirrored_requests": _mirrored(run),
        "repeated_side_effects": _repeated_side_effects(run),
        **_times(damage, record),
        "services_affected": int(exceeds_noise(damage.pairs.caused.sum(), damage.pairs.healed.sum())),
        **_pods(run, none),
        "rollout_seconds": None if record.type == "none" else _seconds(record.settled_at),
        "delivery_seconds": good.delivery_seconds,
        "mixed_version_seconds": mixed_version_seconds(record, run.pods, run.outcomes.arrival, run.outcomes.version),
        "downtime_seconds": run.pods.downtime_seconds,
        "noise_excess_failed_requests": good.excess_failed_requests,
        **latency_percentiles(run.public.latency[~run.public.error]),
    }


def exposure_share(
    arrival: NDArray[np.float64], reached_any: NDArray[np.bool_], reached_new: NDArray[np.bool_], duration: float
) -> NDArray[np.float64]:
    """Return the share of requests that reached the new version, of those that reached any, by second of arrival.

    Seconds in which nothing arrived or nothing was reached repeat the last; before the first it is 0.
    """
    second = arrival.astype(np.int64)
    length = math.ceil(duration)
    total = np.bincount(second[reached_any], minlength=length)[:length]
    new = np.bincount(second[reached_new], minlength=length)[:length]
    last = np.maximum.accumulate(np.where(total > 0, np.arange(length), -1))
    share = np.divide(new, total, out=np.zeros(length), where=total > 0)
    return np.asarray(np.where(last >= 0, share[last], 0.0))


def exposure_minutes(share: NDArray[np.float64], start: float, end: float) -> float:
    """Return the integral of the share from `start` to `end`, in minutes."""
    second = np.arange(len(share))
    overlap = np.clip(np.minimum(second + 1, end) - np.maximum(second, start), 0.0, None)
    return float(share @ overlap) / MINUTE


def users_worse_off(user: NDArray[np.int32], caused: NDArray[np.bool_], healed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the users with more failed requests than without the release: what was caused less what was healed."""
    if not caused.any():
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(np.bincount(user[caused]) > _counts_like(user[caused], user[healed]))


def user_minutes_degraded(
    user: NDArray[np.int32], arrival: NDArray[np.float64], caused: NDArray[np.bool_], healed: NDArray[np.bool_]
) -> int:
    """Return the minutes, added over users, in which more of the user's requests failed than without the release."""
    changed = caused | healed
    # A user's minute has the same requests in both runs, so its failure share is worse exactly when more failed.
    minutes = (arrival[changed] // MINUTE).astype(np.int64)
    cell = user[changed].astype(np.int64) * (1 + int(minutes.max(initial=0))) + minutes
    _, index = np.unique(cell, return_inverse=True)
    return int(np.count_nonzero(np.bincount(index, weights=np.where(caused[changed], 1.0, -1.0)) > 0))


def exceeds_noise(caused: int, healed: int) -> bool:
    """Return whether a net excess is above three standard errors of what chance alone swaps between the two runs."""
    return bool(caused - healed > STANDARD_ERRORS * math.sqrt(caused + healed))


def last_exposed_at(share: NDArray[np.float64], duration: float) -> float | None:
    """Return the end of the last second with a share above 1 %: 0 for none, None when it is the last second."""
    exposed = np.flatnonzero(share > MITIGATED_SHARE)
    if not len(exposed):
        return 0.0
    return None if exposed[-1] == len(share) - 1 else min(float(exposed[-1] + 1), duration)


def last_harmed_at(
    arrival: NDArray[np.float64], caused: NDArray[np.bool_], healed: NDArray[np.bool_], duration: float
) -> float | None:
    """Return the end of the last minute with net excess: 0 when there is none, None when it is the last minute.

    Net excess is more failures than in N by 0.1 points of the minute's requests and by three standard errors.
    """
    minutes = math.ceil(duration / MINUTE)
    minute = (arrival // MINUTE).astype(np.int64)
    up, down = (np.bincount(minute[which], minlength=minutes) for which in (caused, healed))
    offered = np.bincount(minute, minlength=minutes)
    harmed = np.flatnonzero(up - down > np.maximum(RECOVERED_RATE * offered, STANDARD_ERRORS * np.sqrt(up + down)))
    if not len(harmed):
        return 0.0
    return None if harmed[-1] == minutes - 1 else float(harmed[-1] + 1) * MINUTE


def budget_used(excess: int, offered: int, duration: float, objective: float) -> float | None:
    """Return the excess over the failures allowed in 30 days of this traffic; None where none is allowed."""
    allowed = (1 - objective) * offered / duration * BUDGET_PERIOD
    return excess / allowed if allowed > 0 else None


def latency_percentiles(latency: NDArray[np.float64]) -> dict[str, float | None]:
    """Return median and 99th percentile of the answered requests' latency, None below 30 and 500 of them."""
    enough = {0.5: FEWEST_FOR_P50, 0.99: FEWEST_FOR_P99}
    known = [level for level, fewest in enough.items() if len(latency) >= fewest]
    values = dict(zip(known, np.quantile(latency, known).tolist() if known else (), strict=True))
    return {"latency_p50_seconds": values.get(0.5), "latency_p99_seconds": values.get(0.99)}


def _requests(damage: Damage, none: Outcomes) -> dict[str, Value]:
    run = damage.run
    errors, slow = int(np.count_nonzero(run.error)), int(np.count_nonzero(run.slow))
    excess_errors = errors - int(np.count_nonzero(none.error))
    excess_slow = slow - int(np.count_nonzero(none.slow))
    return {
        "offered_requests": len(run),
        "attempts": int(run.attempts.sum()),
        "failed_requests": errors + slow,
        "error_requests": errors,
        "slow_requests": slow,
        "excess_failed_requests": excess_errors + excess_slow,
        "excess_error_requests": excess_errors,
        "excess_slow_requests": excess_slow,
        "caused_failures": int(np.count_nonzero(damage.pairs.caused)),
        "healed_failures": int(np.count_nonzero(damage.pairs.healed)),
    }


def _users(damage: Damage) -> dict[str, Value]:
    run, pairs = damage.run, damage.pairs
    affected = len(users_worse_off(pairs.user, pairs.caused, pairs.healed))
    active = int(np.count_nonzero(np.bincount(run.user)))
    return {
        "users_affected": affected,
        "users_affected_fraction": affected / active if active else 0.0,
        "user_minutes_degraded": user_minutes_degraded(pairs.user, pairs.arrival, pairs.caused, pairs.healed),
    }


def _budgets(damage: Damage, none: Outcomes, scenario: Scenario) -> dict[str, Value]:
    objectives, run = scenario.objectives, damage.run
    errors = int(np.count_nonzero(run.error)) - int(np.count_nonzero(none.error))
    slow = int(np.count_nonzero(run.slow)) - int(np.count_nonzero(none.slow))
    target = objectives.latency.target if objectives.latency else 1.0
    return {
        "error_budget_used_fraction": budget_used(errors, len(run), damage.duration, objectives.availability),
        "latency_budget_used_fraction": budget_used(slow, len(run), damage.duration, target),
    }


def _exposure(damage: Damage, settled_at: float) -> dict[str, Value]:
    start = damage.first_harm_at
    return {
        "exposure_minutes": 0.0 if start is None else exposure_minutes(damage.share, start, settled_at),
        "exposed_requests": int(np.count_nonzero(damage.reached)),
        "exposed_users": int(np.count_nonzero(np.bincount(damage.run.user[damage.reached]))),
        "peak_exposure_fraction": float(damage.share.max(initial=0.0)),
    }


def _times(damage: Damage, record: Record) -> dict[str, Value]:
    start = damage.first_harm_at
    if start is None:
        return dict.fromkeys(("time_to_detect_seconds", "time_to_mitigate_seconds", "time_to_recover_seconds"))
    run, pairs = damage.run, damage.pairs
    pair = [-1, record.stable, *([] if record.candidate is None else [record.candidate])]
    is_replaced = not np.isin(run.version, pair).all()
    stays = record.outcome == "promoted" and not is_replaced
    exposed_until = None if stays else last_exposed_at(damage.share, damage.duration)
    harmed_until = last_harmed_at(pairs.arrival, pairs.caused, pairs.healed, damage.duration)
    return {
        "time_to_detect_seconds": _since(start, min((at for at in record.detections if at >= 0), default=None)),
        "time_to_mitigate_seconds": _since(start, exposed_until, at_least=0.0),
        "time_to_recover_seconds": _since(start, harmed_until, at_least=0.0),
    }


def _pods(run: Observed, none: Observed) -> dict[str, Value]:
    record = run.record
    needed = run.scenario.services[record.service].resolved(record.service_versions[record.stable][1]).replicas
    return {
        "extra_pod_minutes": (run.pods.pod_seconds - none.pods.pod_seconds) / MINUTE,
        "min_ready_fraction": run.pods.fewest_ready_fraction(needed),
        "peak_pods": run.pods.most_existing,
    }


def _mirrored(run: Observed) -> int:
    """Return the copies of the public's requests of [0, duration)."""
    return int(np.count_nonzero(_public_copies(run)))


def _repeated_side_effects(run: Observed) -> int:
    """Return the copies that a pod worked on, of requests that change something.

    Model: a copy that has begun has its effect, whatever it answers.
    """
    answers, requests = run.record.answers, run.record.requests
    if requests.endpoint is None:
        return 0
    changes = np.array([endpoint.changes_something for endpoint in requests.endpoints.values()], dtype=np.bool_)
    worked_on = ~np.isnan(answers.start) & changes[requests.endpoint[answers.request]]
    return int(np.count_nonzero(_public_copies(run) & worked_on))


def _public_copies(run: Observed) -> NDArray[np.bool_]:
    """Return which answers are those of copies of the public's requests of [0, duration)."""
    answers, requests = run.record.answers, run.record.requests
    counted = (answers.copy != 0) & (requests.arrival[answers.request] >= 0)
    return np.asarray(counted & public_users(run.record, run.scenario)[requests.user[answers.request]])


def _delivery_seconds(good: Observed) -> float | None:
    # A shadow followed by nothing, like no release at all, delivers nothing, however soon it settles.
    # And where an operator takes it back whatever happens, a good release is not delivered either.
    may_end_in_nothing = good.record.type in ("shadow", "none") or bool(good.scenario.operations)
    ends_in_nothing = may_end_in_nothing and good.record.outcome != "promoted"
    return None if ends_in_nothing else _seconds(good.record.settled_at)


def _settled_at(record: Record) -> float:
    """Return when the rollout ended, at the latest the end of the run."""
    return record.duration if math.isnan(record.settled_at) else min(record.settled_at, record.duration)


def _seconds(moment: float) -> float | None:
    return None if math.isnan(moment) else moment


def _since(start: float, moment: float | None, at_least: float = -math.inf) -> float | None:
    return None if moment is None else max(moment - start, at_least)


def _counts_like(kept: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return how often each of 0 .. max(kept) occurs in `other`."""
    length = int(kept.max()) + 1
    return np.bincount(other[other < length], minlength=length)
