"""Results in words: what a strategy did and cost in two sentences, and strategies in the order of their safety."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Result = Mapping[str, Any]
"""Result fields by name: plain values, or means with intervals over replications."""

SAFETY = ("excess_failed_requests", "users_affected", "exposure_minutes", "delivery_seconds")
"""What makes a strategy safer, the most important first; less is safer."""
MINUTE, HOUR = 60, 3600
ENDINGS = {
    "promoted": "promoted the new version",
    "rolled_back": "rolled the release back",
    "kept": "kept the old version",
    "paused": "waits for a person",
    "failed": "failed and nobody undid it",
    "in_progress": "was not finished by the end",
}


def sentences(strategy: str, result: Result) -> str:
    """Return what one run of a strategy came to: how it ended and why, and whom it hurt."""
    return f"{_ending(strategy, result)} {_damage(result)}"


def safest_first(results: Sequence[Result]) -> list[Result]:
    """Return the results in order of safety: fewest excess failures first, then fewest users affected."""
    return sorted(results, key=lambda result: tuple(_size(result.get(field)) for field in SAFETY))


def clock(seconds: float) -> str:
    """Return a moment of the run as minutes and seconds, 4:30, from one hour on 1:04:30."""
    sign, whole = ("-" if seconds <= -0.5 else ""), round(abs(seconds))
    minutes, rest = divmod(whole, MINUTE)
    if whole < HOUR:
        return f"{sign}{minutes}:{rest:02}"
    return f"{sign}{whole // HOUR}:{minutes % MINUTE:02}:{rest:02}"


def _ending(strategy: str, result: Result) -> str:
    moment = result["rollout_seconds"]
    at = "" if moment is None else f" after {clock(moment)}"
    reason = result["outcome_reason"].rstrip(".")
    return f"{strategy} {ENDINGS[result['outcome']]}{at}{f': {reason}' if reason else ''}."


def _damage(result: Result) -> str:
    excess, users = result["excess_failed_requests"], result["users_affected"]
    if not users and excess <= 0:
        return "No user was hurt by it."
    share = f"{100 * result['users_affected_fraction']:.1f} %"
    return f"{excess:,} more of {result['offered_requests']:,} requests failed, which hurt {users:,} users ({share})."


def _size(value: Any) -> float:
    """Return a plain value or a mean; what is not known sorts last."""
    known = value["mean"] if isinstance(value, Mapping) else value
    return float("inf") if known is None else known
