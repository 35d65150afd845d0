"""What the control plane did, in the order in which it did it: weights, looks, log, and the moments worth a jump."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from sim.app.stage.pods import milliseconds
from sim.app.words import words
from sim.record import Decision, Record
from sim.run import NO_RELEASE
from sim.scenario import Scenario
from sim.units import format_duration

PERCENT_METRICS = ("errorRate", "conversion", "saturation")
ALERT = "alert "
"""How the name of an alert begins among those who decide."""
TOLD_ELSEWHERE = ("step",)
"""Kinds of events that the log leaves out: steps have a list of their own."""


def weights(record: Record) -> list[list[float]]:
    """Return [milliseconds, percent asked for the new version] at every change."""
    rows = [
        [milliseconds(route.at_seconds), route.requested] for route in record.routes if not math.isnan(route.requested)
    ]
    return rows if any(percent for _, percent in rows) else []


def looks(record: Record) -> list[dict[str, Any]]:
    """Return every look of a judge or an alert, numbered by judge, values in the unit in which they are shown."""
    numbers: dict[tuple[str, str], int] = {}
    rows = []
    for look in sorted(record.decisions, key=lambda look: look.at_seconds):
        who = (look.judge, look.metric)
        numbers[who] = numbers.get(who, 0) + 1
        rows.append(_look(look, numbers[who]))
    return rows


def log(record: Record) -> list[list[Any]]:
    """Return [milliseconds, sentence] for what happened from the start of the release on, in order."""
    told = [event for event in record.events if event.at_seconds >= 0 and event.kind not in TOLD_ELSEWHERE]
    rows = [[milliseconds(event.at_seconds), event.message] for event in told]
    return sorted([*_pods_ready(record), *rows], key=lambda row: row[0])


def undo_at(record: Record) -> int | None:
    """Return the milliseconds at which somebody took the release back, None if nobody did."""
    return min((milliseconds(event.at_seconds) for event in record.events if event.kind == "undo"), default=None)


def undo_reason(record: Record) -> str:
    """Return why it was taken back, empty if it never was."""
    return next((event.message for event in record.events if event.kind == "undo"), "")


def outcomes(record: Record) -> list[list[Any]]:
    """Return [milliseconds, outcome, reason] whenever the rollout settled: once, or again after an undo.

    Where nothing is deployed there is nothing to settle.
    """
    settled = [event for event in record.events if event.kind == "outcome" and record.type != NO_RELEASE]
    return [[milliseconds(event.at_seconds), event.subject, event.message] for event in settled]


def moments(record: Record, first_on_candidate: float | None) -> list[list[Any]]:
    """Return [milliseconds, name] of the moments worth a jump: exposed, noticed, undo, end."""
    noticed = min((at for at in record.detections if at >= 0), default=None)
    undone = undo_at(record)
    is_settled = record.type != NO_RELEASE and not math.isnan(record.settled_at)
    ended = milliseconds(record.settled_at) if is_settled else None
    found = [
        (None if first_on_candidate is None else milliseconds(first_on_candidate), "exposed"),
        (None if noticed is None else milliseconds(noticed), "noticed"),
        (undone, "undo"),
        (ended, "end"),
    ]
    return [[at, name] for at, name in found if at is not None]


def _pods_ready(record: Record) -> list[list[Any]]:
    ready = Counter((milliseconds(pod.ready_at), pod.version) for pod in record.pods if pod.ready_at >= 0)
    return [
        [at, words("log_ready" if count == 1 else "log_ready_many", n=count, v=version)]
        for (at, version), count in ready.items()
    ]


def noticing(scenario: Scenario) -> str:
    """Return in a sentence or two who else can notice: alerts, and the person on call."""
    monitoring = scenario.monitoring
    scrape = format_duration(monitoring.scrape_interval)
    sentences = [words("noticing_alert", name=alert.name, scrape=scrape) for alert in monitoring.alerts]
    if monitoring.on_call is None:
        return " ".join([*sentences, words("noticing_nobody")])
    person = monitoring.on_call
    takes = monitoring.group_wait + person.reaction.mean_seconds() + person.decision.mean_seconds()
    reaction = format_duration(round(takes, 1))
    return " ".join([*sentences, words("noticing_person", reaction=reaction)])


def _look(look: Decision, number: int) -> dict[str, Any]:
    factor, unit = _scale(look.metric)
    values = {name: getattr(look, name) for name in ("value", "low", "high", "threshold")}
    shown = {name: round(value * factor, 4) if math.isfinite(value) else None for name, value in values.items()}
    return {
        "t": milliseconds(look.at_seconds),
        "no": number,
        "judge": look.judge,
        "isAlert": look.judge.startswith(ALERT),
        "metric": look.metric,
        "unit": unit,
        **shown,
        "samples": look.samples,
        "verdict": look.verdict,
        "reason": look.reason,
    }


def _scale(metric: str) -> tuple[float, str]:
    if metric in PERCENT_METRICS:
        return 100.0, "%"
    if metric.startswith("latency"):
        return 1000.0, "ms"
    return 1.0, "×" if metric == "burnRate" else ""
