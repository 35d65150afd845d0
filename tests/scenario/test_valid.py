from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from sim.errors import BudgetError, ScenarioError
from sim.scenario import Expectation, Reference, Scenario, load

HERE = Path(__file__).parent
VALID = sorted((HERE / "valid").glob("*.yaml"))
STORIES = sorted((HERE.parent.parent / "scenarios").glob("*.yaml"))


@pytest.fixture(scope="module")
def bad_release() -> Scenario:
    return load(HERE.parent.parent / "scenarios" / "bad-release.yaml")


@pytest.fixture(scope="module")
def every_key() -> Scenario:
    return load(HERE / "valid" / "every-key.yaml")


@pytest.mark.parametrize("file", [*VALID, *STORIES], ids=lambda file: file.stem)
def test_what_is_dumped_loads_as_the_same_scenario(file: Path, tmp_path: Path) -> None:
    scenario = load(file)
    copy = tmp_path / "copy.yaml"
    copy.write_text(scenario.dump(), encoding="utf-8")
    again = load(copy, trace_dir=file.parent)
    assert again == scenario
    assert again.digest() == scenario.digest()
    assert again.dump() == scenario.dump()


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_a_scenario_is_a_value(file: Path) -> None:
    scenario = load(file)
    again = load(file)
    assert scenario == again
    assert hash(scenario) == hash(again)
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    assert Scenario.from_dict(scenario.as_dict(), folder=file.parent) == scenario


def test_nothing_of_a_scenario_can_be_changed(bad_release: Scenario) -> None:
    with pytest.raises(Exception, match="frozen"):
        bad_release.traffic.rate = 5.0
    with pytest.raises(TypeError):
        bad_release.services["checkout"] = None  # type: ignore[index]


def test_defaults_are_those_of_the_real_systems() -> None:
    scenario = load(HERE / "valid" / "plain-kubernetes.yaml")
    web = scenario.services["web"].resolved("v2")
    assert (web.min_ready_seconds, web.progress_deadline_seconds, web.termination_grace_period_seconds) == (0, 600, 30)
    assert (web.readiness_probe, web.pre_stop, web.queue_capacity) == (None, None, None)
    rolling = scenario.replace("spec.strategies.rollingUpdate", {}).strategies["rollingUpdate"]
    assert (str(rolling.max_surge), str(rolling.max_unavailable)) == ("25%", "25%")  # type: ignore[attr-defined]
    assert scenario.monitoring.history == "steady"
    assert scenario.objectives.availability == 0.999
    assert (scenario.warmup, scenario.seed, scenario.users.count) == (60.0, 1, 1000)


def test_an_empty_mesh_is_istio() -> None:
    mesh = load(HERE / "valid" / "plain-kubernetes.yaml").replace("spec.mesh", {}).mesh
    assert mesh is not None
    assert (mesh.load_balancer, mesh.timeout, mesh.retry_budget, mesh.outlier_detection) == (
        "leastRequest",
        None,
        None,
        None,
    )
    assert (mesh.retries.attempts, mesh.retries.backoff) == (2, 0.025)
    assert mesh.retries.retry_on == ("connect-failure", "refused-stream", "unavailable", "cancelled")


def test_a_version_inherits_what_it_does_not_say(every_key: Scenario) -> None:
    service = every_key.services["checkout"]
    assert service.resolved("v1").replicas == 10
    assert service.resolved("1.10").replicas == 12
    assert service.resolved("1.10").queue_capacity == 0
    assert (service.resolved("1.10").name, service.resolved("1.10").service) == ("1.10", "checkout")


def test_a_version_can_take_back_what_the_service_says(bad_release: Scenario) -> None:
    changed = bad_release.replace("spec.services.checkout.versions.v2.readinessProbe", "null")
    assert changed.services["checkout"].resolved("v2").readiness_probe is None
    assert changed.services["checkout"].resolved("v1").readiness_probe is not None


def test_the_only_service_is_the_entry_and_no_release_means_none() -> None:
    scenario = load(HERE / "valid" / "minimal.yaml")
    assert scenario.traffic.entry == "web"
    assert list(scenario.strategies) == ["none"]


def test_the_twin_without_release_has_only_none(bad_release: Scenario) -> None:
    twin = bad_release.without_release()
    assert twin.release is None
    assert list(twin.strategies) == ["none"]
    assert twin.services == bad_release.services


def test_the_good_release_behaves_as_the_old_version(bad_release: Scenario) -> None:
    service = bad_release.with_good_release().services["checkout"]
    old, new = service.resolved("v1"), service.resolved("v2")
    assert new.faults == ()
    assert new == old.model_copy(update={"name": "v2"})


def test_expect_lines_are_parsed(bad_release: Scenario) -> None:
    assert bad_release.expect == (
        Expectation(
            "canary.excess_failed_requests < blueGreen.excess_failed_requests",
            Reference("canary", "excess_failed_requests"),
            "<",
            Reference("blueGreen", "excess_failed_requests"),
        ),
        Expectation("shadow.outcome == kept", Reference("shadow", "outcome"), "==", "kept"),
    )


def test_a_value_can_be_replaced_by_its_path(bad_release: Scenario) -> None:
    assert bad_release.replace("spec.traffic.rate", "500rps").traffic.rate == 500.0
    assert bad_release.replace("spec.seed", 7).seed == 7
    changed = bad_release.replace("spec.strategies.canary.steps[0].setWeight", "10")
    assert changed.strategies["canary"].steps[0].set_weight == 10.0  # type: ignore[attr-defined]
    flat = bad_release.replace("spec.strategies.canary.analysis.failureLimit", 0)
    assert flat.strategies["canary"].analysis.metrics[0].failure_limit == 0  # type: ignore[attr-defined]
    assert changed.source == bad_release.source


def test_a_path_with_dots_in_a_key_is_quoted(every_key: Scenario) -> None:
    changed = every_key.replace("spec.services.checkout.versions['1.10'].replicas", 3)
    assert changed.services["checkout"].resolved("1.10").replicas == 3


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("spec.traffic.rat", "5", "spec.traffic: unknown key 'rat'; did you mean 'rate'?"),
        ("spec.strategies.canary.steps[9].setWeight", 5, "the list has 6 entries"),
        ("spec.strategies.canary.steps[0].setWeight", 140, r"steps\[0\].setWeight: is 140; must be between 0 and 100"),
        ("spec.traffic[0]", 5, "asks for a place in what is not a list"),
        ("spec.duration.seconds", 5, "asks for a key of what is not a mapping"),
        ("", 5, "is empty; must look like spec.traffic.rate"),
        ("spec..traffic", 5, "is not a path"),
        ("spec.traffic.rate", "[5", "is not valid YAML"),
        ("spec.traffic.rate", "010", "leading zero"),
    ],
)
def test_a_bad_replacement_names_its_path(bad_release: Scenario, path: str, value: object, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        bad_release.replace(path, value)


def test_the_cost_is_known_before_the_run(bad_release: Scenario) -> None:
    assert bad_release.expected_requests() == 200 * (20 + 2) * 60
    bad_release.check_budget()
    with pytest.raises(BudgetError, match=r"about 264,000 requests; the budget is 100,000") as refused:
        bad_release.check_budget(100_000)
    assert refused.value.exit_code == 4


def test_a_profile_costs_its_area(every_key: Scenario) -> None:
    # The last 2.5 minutes of the day before at 50 rps, then 100 rps for 10, 200 to 50 rps for 10, 50 rps for 70.
    assert every_key.expected_requests() == 60 * (50 * 2.5 + 100 * 10 + 125 * 10 + 50 * 70)


def test_a_trace_gives_requests_and_users_in_order_of_appearance() -> None:
    scenario = load(HERE / "valid" / "recorded.yaml")
    assert scenario.trace is not None
    np.testing.assert_array_equal(scenario.trace.at_seconds, [0, 0.5, 0.5, 9.999])
    np.testing.assert_array_equal(scenario.trace.user, [0, 1, 0, 2])
    assert not scenario.trace.at_seconds.flags.writeable
    assert scenario.warnings == (
        "spec.traffic.trace: 2 rows of requests.csv come at or after spec.duration and are left out",
    )
    assert scenario.expected_requests() == 4


def test_measured_latencies_become_quantiles() -> None:
    law = load(HERE / "valid" / "recorded.yaml").services["web"].latency
    assert law.quantiles == ((0.0, 0.01), (0.5, 0.02), (1.0, 0.03))  # type: ignore[union-attr]


def test_an_upload_may_not_name_files() -> None:
    text = (HERE / "valid" / "recorded.yaml").read_text(encoding="utf-8")
    with pytest.raises(ScenarioError, match="files are not allowed here"):
        Scenario.from_text(text)


def test_a_service_that_nobody_calls_is_a_warning(bad_release: Scenario) -> None:
    changed = bad_release.replace("spec.services.payment", {"versions": {"v1": {}}})
    assert changed.warnings == ("spec.services.payment receives no requests: users call checkout only",)
