from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import UsageError
from sim.explain import explain_field, explain_scenario, key_table
from sim.scenario import Scenario, load
from sim.scenario.keys import fields_of, kind_of
from sim.scenario.spec import ScenarioDocument
from sim.spec.model import Model

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def bad_release() -> Scenario:
    return load(ROOT / "scenarios" / "bad-release.yaml")


def test_a_key_is_explained_with_type_bounds_default_and_words() -> None:
    assert explain_field("spec.users.count") == (
        "KEY:      spec.users.count\n"
        "TYPE:     whole number\n"
        "BOUNDS:   between 1 and 10,000,000\n"
        "DEFAULT:  1000\n"
        "\n"
        "Number of users.\n"
    )


def test_a_mapping_is_explained_with_its_keys() -> None:
    text = explain_field("spec.mesh.retryBudget")
    assert "KEYS:\n  percent              <percentage> [20] Retries per 100 requests under way.\n" in text


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ("traffic.rate", "spec.traffic.rate"),
        ("services.replicas", "spec.services.SERVICE.replicas"),
        (
            "spec.services.checkout.versions.v2.faults[0].errorRate",
            "spec.services.SERVICE.versions.VERSION.faults[].errorRate",
        ),
        ("spec.services.SERVICE.latency.lognormal.p99", "spec.services.SERVICE.latency.lognormal.p99"),
        ("canary.steps[2].setWeight", "spec.strategies.canary.steps[].setWeight"),
        ("canary.steps.pause.duration", "spec.strategies.canary.steps[].pause.duration"),
        ("spec.strategies.canary.analysis.failureLimit", "spec.strategies.canary.analysis.failureLimit"),
        ("metadata.title.fr", "metadata.title.LANGUAGE"),
        ("monitoring.alerts.windows.long", "spec.monitoring.alerts[].windows[].long"),
    ],
)
def test_a_key_is_found_however_it_is_written(asked: str, key: str) -> None:
    assert explain_field(asked).startswith(f"KEY:      {key}\n")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("spec.traffic.rat", "spec.traffic has no key 'rat'; did you mean 'rate'?"),
        ("canry", "no key 'canry'; did you mean 'canary'?"),
        ("spec.strategies.canry", "no key 'canry'; did you mean 'canary'?"),
        ("spec.traffic.rate.more", "has no key 'more'"),
        ("", "is no key"),
        ("a b", "is no key"),
    ],
)
def test_an_unknown_key_says_what_to_write_instead(asked: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        explain_field(asked)


def test_every_key_of_the_table_can_be_explained_and_has_a_description() -> None:
    rows = [line.split(" | ") for line in key_table().splitlines()[2:]]
    assert len(rows) > 300
    for row in rows:
        path, meaning = row[0].strip("|` "), row[-1].strip("| ")
        assert explain_field(path).startswith(f"KEY:      {path}\n")
        assert meaning, path


def models(model: type[Model], seen: set[type[Model]]) -> set[type[Model]]:
    if model not in seen:
        seen.add(model)
        for info in fields_of(model).values():
            kind = kind_of(info.annotation)
            while kind.item is not None:
                kind = kind_of(kind.item)
            for inner in kind.models.values():
                models(inner, seen)
    return seen


def test_every_field_has_a_description_of_one_line() -> None:
    for model in models(ScenarioDocument, set()):
        for name, info in model.model_fields.items():
            assert info.description, f"{model.__name__}.{name}"
            assert "\n" not in info.description


def test_a_scenario_is_told_strategy_by_strategy(bad_release: Scenario) -> None:
    text = explain_scenario(bad_release)
    assert text.startswith("bad-release: A release with 5 % errors\n")
    assert "Alert errors: error rate above 1.44 % over 5m and 1m." in text
    assert "The person on call undoes the release about 5m after the alert." in text
    assert (
        "  10s       5 % of the requests go to v2 (5s to 30s)\n"
        "  10s       wait 2m\n"
        "  2m10s     start 2 pods of v2 (2m5s to 2m30s)\n"
        "  2m25s     25 % of the requests go to v2 (2m10s to 3m5s)\n"
    ) in text
    assert "about 264,000 requests a run" in text


@pytest.mark.parametrize(
    ("story", "lines"),
    [
        ("quota-blocks-surge", ["  there is room for 8 pods: the others wait until some have gone"]),
        ("single-volume", ["  a new pod waits for volume data while an old one holds it, and with it the rollout"]),
        ("hpa-during-rollout", ["An autoscaler keeps between"]),
        ("keda-queue", ["An autoscaler keeps between"]),
        ("drain-with-budget", ["At 30s, for 3m: node-1 is drained."]),
    ],
)
def test_what_can_change_the_timeline_is_told(story: str, lines: list[str]) -> None:
    text = explain_scenario(load(ROOT / "scenarios" / f"{story}.yaml"))
    assert all(line in text for line in lines)


def test_a_pause_that_nobody_ends_is_told() -> None:
    text = explain_scenario(load(ROOT / "tests" / "scenario" / "valid" / "plain-kubernetes.yaml"))
    assert "pause: wait for a person, and nobody comes (monitoring.approver)" in text


@pytest.mark.parametrize(
    "file",
    sorted([*(ROOT / "scenarios").glob("*.yaml"), *(ROOT / "tests/scenario/valid").glob("*.yaml")]),
    ids=lambda file: file.stem,
)
def test_every_scenario_can_be_told(file: Path) -> None:
    scenario = load(file)
    text = explain_scenario(scenario)
    assert all(f"\n{name}: " in text for name in scenario.strategies)
