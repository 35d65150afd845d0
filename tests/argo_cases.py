"""Argo Rollouts' own test cases: how the adapters read them."""

from __future__ import annotations

from typing import Any

import pytest
import real_cases

from sim.cluster.argo.counts import Bounds, Threshold, Weights, bounds
from sim.cluster.argo.plan import Planned, Scale, Template
from sim.cluster.arithmetic import Count
from sim.units import IntOrPercent

KINDS = {"percent": "Percent", "pods": "Pods"}


def cases_of(file: str) -> list[dict[str, Any]]:
    return real_cases.load(file)["cases"]


def of_group(cases: list[dict[str, Any]], name: str) -> pytest.MarkDecorator:
    return real_cases.of_group({"cases": cases}, name)


def bounds_of(given: dict[str, Any]) -> Bounds:
    surge, unavailable = (IntOrPercent.parse(given[key] or 0) for key in ("max_surge", "max_unavailable"))
    return bounds(surge, unavailable, given["spec_replicas"])


def count_of(given: dict[str, Any] | None) -> Count | None:
    """Return a set in numbers; a set that says no size has one pod."""
    if given is None:
        return None
    return Count(1 if given["spec"] is None else given["spec"], given["available"])


def counts_of(given: list[dict[str, Any]] | dict[str, Any] | None) -> tuple[Count, ...]:
    sets = [given] if isinstance(given, dict) else given or []
    return tuple(Count(each["spec"], each["available"]) for each in sets)


def threshold_of(given: dict[str, Any] | None) -> Threshold | None:
    return Threshold(KINDS[given["type"]], given["value"]) if given else None  # type: ignore[arg-type]


def weights_of(given: dict[str, Any] | None) -> Weights | None:
    return Weights(given["canary"], given["stable"]) if given else None


def scale_of(given: dict[str, Any] | None) -> Scale | None:
    return Scale(given["replicas"], given["weight"], given.get("match_traffic_weight", False)) if given else None


def step_of(given: dict[str, Any]) -> Planned:
    word, value = next(iter(given.items()))
    match word:
        case "set_weight":
            return Planned("setWeight", weight=value)
        case "set_canary_scale":
            return Planned("setCanaryScale", scale=scale_of(value))
        case "pause":
            return Planned("pause", seconds=None if value == "indefinite" else value)
        case "experiment":
            templates = [{"name": value, "weight": None}] if isinstance(value, str) else value
            sets = tuple(Template(each["name"], each["weight"]) for each in templates)
            return Planned("experiment", experiment=sets)
    raise AssertionError(f"unknown step {word}")


def steps_of(given: dict[str, Any]) -> tuple[Planned, ...]:
    return tuple(step_of(step) for step in given["steps"])
