"""The knobs of an analysis: whether there is one, its limit, and how often it looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sim.app.words import words
from sim.scenario import Scenario
from sim.spec.analysis import AnalysisSpec, MetricSpec
from sim.strategies.canary_steps import Analyse
from sim.strategies.progressive import Progressive

LIMIT = re.compile(r"(?P<before>\s*result\s*[<>]=?\s*)(?P<number>[\d.]+(e-?\d+)?)(?P<after>\s*)")
"""A condition with one number in it; others have no knob."""
KEYS = {
    "canary": ("analysis",),
    "blueGreen": ("postPromotionAnalysis", "prePromotionAnalysis"),
    "abTest": ("guardrail",),
    "shadow": ("analysis",),
    "batches": ("analysis",),
}
"""Keys of the analyses of each type of strategy; a new one gets the first."""
NEW = {"metric": "errorRate", "interval": 30, "failureCondition": "result > 0.01"}
NEW_LIMIT, NEW_INTERVAL = 1.0, 30.0
"""What the knobs of a new analysis say."""
MEASUREMENTS = 10
"""Looks of an analysis that the rollout waits for, so that it ends."""
PERCENT = 100.0
PERCENT_METRICS = ("errorRate", "conversion", "saturation")


@dataclass(frozen=True)
class Found:
    """An analysis of a strategy, and its path below the strategy."""

    path: str
    spec: AnalysisSpec

    @property
    def metric(self) -> MetricSpec:
        """Return the metric that the knobs turn: the first."""
        return self.spec.metrics[0]

    @property
    def metric_path(self) -> str:
        """Return the path of that metric, which is written flat when it is the only one."""
        return self.path if len(self.spec.metrics) == 1 else f"{self.path}.metrics[0]"


def can_be_switched(scenario: Scenario, strategy: str) -> bool:
    """True when the strategy may have an analysis or none; a shadow always judges its copies."""
    kind = scenario.strategies[strategy].kind
    return kind in KEYS and kind != "shadow"


def checks_by_itself(scenario: Scenario, strategy: str) -> bool:
    """True when the strategy looks at metrics of its own, which have no knobs."""
    spec = scenario.strategies[strategy]
    return isinstance(spec, Progressive) and bool(spec.metrics) and not spec.skip_analysis


def watched(scenario: Scenario, strategy: str) -> float | None:
    """Return 1 when the strategy has an analysis and 0 when not; None when that cannot be chosen."""
    return float(_found(scenario, strategy) is not None) if can_be_switched(scenario, strategy) else None


def set_watched(scenario: Scenario, strategy: str, value: float) -> Scenario:
    """Return the scenario with an analysis of the strategy, or without any."""
    keys = KEYS[scenario.strategies[strategy].kind]
    written = _written(scenario, strategy)
    if value:
        # Only a canary, batches and an A/B test go on while it looks.
        count = {"count": MEASUREMENTS} if keys[0].endswith("PromotionAnalysis") else {}
        return scenario.replace(f"spec.strategies.{strategy}", {**written, keys[0]: NEW | count})
    kept = {key: kept for key, kept in written.items() if key not in keys}
    if "steps" in kept:
        kept["steps"] = [step for step in kept["steps"] if "analysis" not in step]
    return scenario.replace(f"spec.strategies.{strategy}", kept)


def limit(scenario: Scenario, strategy: str) -> float | None:
    """Return what a measurement is compared with, shares in percent; a new analysis's limit where there is none."""
    found = _found(scenario, strategy)
    if found is None:
        return NEW_LIMIT if can_be_switched(scenario, strategy) else None
    condition = _condition(found)
    return None if condition is None else float(condition[1]["number"]) * _scale(found)


def set_limit(scenario: Scenario, strategy: str, value: float) -> Scenario:
    """Return the scenario with another limit; without an analysis there is none to set."""
    found = _found(scenario, strategy)
    condition = None if found is None else _condition(found)
    if found is None or condition is None:
        return scenario
    key, old = condition
    return _with(scenario, strategy, key, f"{old['before']}{value / _scale(found):.10g}{old['after']}")


def limit_label(scenario: Scenario, strategy: str) -> str:
    """Return what the limit is about, with its unit."""
    found = _found(scenario, strategy)
    metric = found.metric.metric if found else "errorRate"
    return words("in_percent" if metric in PERCENT_METRICS else "in_seconds", metric=words(f"short_{metric}"))


def interval(scenario: Scenario, strategy: str) -> float | None:
    """Return the seconds between two looks, a new analysis's where there is none; None for a single look."""
    found = _found(scenario, strategy)
    if found is None:
        return NEW_INTERVAL if can_be_switched(scenario, strategy) else None
    return found.metric.interval if found.spec.score is None else found.spec.score.interval


def set_interval(scenario: Scenario, strategy: str, value: float) -> Scenario:
    """Return the scenario with another time between two looks."""
    found = _found(scenario, strategy)
    if found is None:
        return scenario
    if found.spec.score is not None:
        return scenario.replace(f"spec.strategies.{strategy}.{found.path}.score.interval", value)
    if found.metric.window == found.metric.interval:  # its default: what happened since the last look
        scenario = _with(scenario, strategy, "window", value)
    return _with(scenario, strategy, "interval", value)


def _found(scenario: Scenario, strategy: str) -> Found | None:
    return next(_all_of(scenario, strategy), None)


def _all_of(scenario: Scenario, strategy: str) -> Iterator[Found]:
    spec: Any = scenario.strategies[strategy]
    aliases = {field.alias: name for name, field in type(spec).model_fields.items()}
    for key in KEYS.get(spec.kind, ()):
        analysis = getattr(spec, aliases[key])
        if analysis is not None:
            yield Found(key, analysis)
    for number, step in enumerate(getattr(spec, "steps", ())):
        if isinstance(step, Analyse):
            yield Found(f"steps[{number}].analysis", step.analysis)


def _condition(found: Found) -> tuple[str, re.Match[str]] | None:
    """Return key and parts of the first condition that compares with a plain number."""
    conditions = {
        "failureCondition": found.metric.failure_condition,
        "successCondition": found.metric.success_condition,
    }
    matches = ((key, LIMIT.fullmatch(text)) for key, text in conditions.items() if text)
    return next(((key, match) for key, match in matches if match), None)


def _scale(found: Found) -> float:
    return PERCENT if found.metric.metric in PERCENT_METRICS else 1.0


def _with(scenario: Scenario, strategy: str, key: str, value: Any) -> Scenario:
    found = _found(scenario, strategy)
    assert found is not None
    written = _written(scenario, strategy)
    if found.path not in written and not found.path.startswith("steps"):  # a shadow's own default is not written
        scenario = scenario.replace(
            f"spec.strategies.{strategy}.{found.path}", found.spec.model_dump(by_alias=True, mode="json")
        )
    return scenario.replace(f"spec.strategies.{strategy}.{found.metric_path}.{key}", value)


def _written(scenario: Scenario, strategy: str) -> dict[str, Any]:
    return dict(scenario.as_dict()["spec"]["strategies"][strategy])
