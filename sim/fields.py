"""The result fields: one vocabulary for Python, JSON, CSV, figures, `expect` lines and the application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Unit = Literal[
    "word",
    "sentence",
    "requests",
    "attempts",
    "users",
    "fraction",
    "user x min",
    "min",
    "pod x min",
    "pods",
    "s",
    "services",
]


@dataclass(frozen=True)
class Field:
    """A result of a run: its name, unit and meaning in one line. fraction: 0 to 1 (budgets may exceed 1)."""

    name: str
    unit: Unit
    description: str


_ALL = (
    Field("outcome", "word", "promoted, rolled_back, kept, paused, failed or in_progress"),
    Field("outcome_reason", "sentence", "why the rollout ended as it did"),
    Field("offered_requests", "requests", "user requests that arrived in [0, duration)"),
    Field("attempts", "attempts", "tries of those requests, retries included"),
    Field("failed_requests", "requests", "error_requests plus slow_requests"),
    Field("error_requests", "requests", "no answer or a 5xx answer"),
    Field("slow_requests", "requests", "answered, but over the limit of the latency objective"),
    Field("excess_failed_requests", "requests", "failed requests minus those of the same run without the release"),
    Field("excess_error_requests", "requests", "error requests minus those of the same run without the release"),
    Field("excess_slow_requests", "requests", "slow requests minus those of the same run without the release"),
    Field("caused_failures", "requests", "failed here, but not in the same run without the release"),
    Field("healed_failures", "requests", "failed in the same run without the release, but not here"),
    Field("users_affected", "users", "users with more failed requests than without the release"),
    Field("users_affected_fraction", "fraction", "users_affected over users who sent a request"),
    Field("user_minutes_degraded", "user x min", "minutes, added over users, worse than without the release"),
    Field("error_budget_used_fraction", "fraction", "excess errors over those allowed in 30 days"),
    Field("latency_budget_used_fraction", "fraction", "excess slow requests over those allowed in 30 days"),
    Field("exposure_minutes", "min", "share of the new version, integrated from the first harm until settled"),
    Field("exposed_requests", "requests", "requests that reached the new version"),
    Field("exposed_users", "users", "users of whom a request reached the new version"),
    Field("peak_exposure_fraction", "fraction", "largest share of requests in one second that reached the new version"),
    Field("mirrored_requests", "requests", "copies of user requests sent to the new version"),
    Field("repeated_side_effects", "requests", "mirrored copies that changed something a second time"),
    Field("time_to_detect_seconds", "s", "from the first harm until a judge, alert, deadline or crash loop noticed"),
    Field("time_to_mitigate_seconds", "s", "from the first harm until at most 1 % reach the new version"),
    Field("time_to_recover_seconds", "s", "from the first harm to the end of the last harmed minute"),
    Field("services_affected", "services", "services whose callers see more failures than without the release"),
    Field("extra_pod_minutes", "pod x min", "pods that existed, added up over time, minus those without the release"),
    Field("min_ready_fraction", "fraction", "fewest ready pods at any moment, over those wanted then"),
    Field("peak_pods", "pods", "most pods that existed at one moment"),
    Field("rollout_seconds", "s", "from the start until the rollout settled, either way"),
    Field("delivery_seconds", "s", "rollout_seconds when the release is good"),
    Field("mixed_version_seconds", "s", "time in which both versions answered users"),
    Field("downtime_seconds", "s", "time without a ready pod"),
    Field("noise_excess_failed_requests", "requests", "excess failures of a good release: less is noise"),
    Field("latency_p50_seconds", "s", "median latency of answered requests; null below 30 of them"),
    Field("latency_p99_seconds", "s", "99th percentile of the latency of answered requests; null below 500 of them"),
)

FIELDS: Mapping[str, Field] = MappingProxyType({field.name: field for field in _ALL})
"""Every result field by name, in the order in which results are printed."""

TIMES = ("time_to_detect_seconds", "time_to_mitigate_seconds", "time_to_recover_seconds")
"""Fields that count from the first harm; where it never ended they count to the end of the run."""
