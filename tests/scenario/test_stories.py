"""The built-in stories: complete in both languages, and what they say comes out."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.batch import compare
from sim.resources import builtin_scenarios
from sim.scenario import Scenario, load

STORIES = builtin_scenarios()
LANGUAGES = {"en", "fr"}
MOST_STRATEGIES = 6
SEEDS = 20
QUICK = (
    "cold-pods",
    "course-ab-test",
    "drain-with-budget",
    "drain-without-budget",
    "flagger-autoscaler",
    "flagger-canary",
    "flash-crowd",
    "fresh-baseline",
    "hidden-segment",
    "hotfix-on-top",
    "hpa-during-rollout",
    "kayenta-judge",
    "keda-queue",
    "kruise-batches",
    "lean-canary",
    "memory-leak",
    "never-ready",
    "no-probe-no-drain",
    "outlier-ejection",
    "pause-to-look",
    "quiet-canary",
    "quota-blocks-surge",
    "rate-limit",
    "rollback-window",
    "single-volume",
    "slow-release",
    "slow-start",
)
"""Twenty seeds of one of these take seconds; of the others, half a minute."""


def failed(scenario: Scenario, seed: int) -> list[str]:
    checks = compare(scenario, replications=1, seed=seed, keep=False).checks()
    return [f"seed {seed}: {check.line}: {check.found}" for check in checks if not check.holds]


def test_there_are_eight_stories() -> None:
    assert len(STORIES) >= 8


@pytest.mark.parametrize("name", STORIES)
def test_a_story_is_complete(name: str) -> None:
    scenario = load(STORIES[name])
    metadata = scenario.metadata
    assert metadata.name == name
    for words in (metadata.title, metadata.teaches, metadata.predict, metadata.discuss):
        assert set(words) == LANGUAGES
    assert scenario.expect
    assert len(scenario.strategies) <= MOST_STRATEGIES
    assert scenario.warnings == ()
    scenario.check_budget()


@pytest.mark.parametrize("name", STORIES)
def test_a_story_begins_with_its_schema(name: str) -> None:
    first = STORIES[name].read_text(encoding="utf-8").splitlines()[0]
    path = first.removeprefix("# yaml-language-server: $schema=")
    assert (Path(__file__).parent.parent.parent / "scenarios" / path).resolve().is_file()


@pytest.mark.parametrize("name", STORIES)
def test_what_a_story_expects_comes_out(name: str) -> None:
    scenario = load(STORIES[name])
    assert failed(scenario, scenario.seed) == []


@pytest.mark.parametrize("name", QUICK)
def test_what_a_story_expects_is_no_luck(name: str) -> None:
    scenario = load(STORIES[name])
    assert [line for seed in range(2, SEEDS + 1) for line in failed(scenario, seed)] == []
