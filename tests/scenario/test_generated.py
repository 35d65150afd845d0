"""Generated input: nothing but ScenarioError comes out of a bad document, and a good one survives dump and load."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.errors import ScenarioError
from sim.scenario import Scenario
from sim.scenario.document import read
from sim.scenario.keys import fields_of
from sim.scenario.spec import ScenarioDocument, Spec
from sim.spec.service import PodKeys
from sim.strategies import STRATEGIES

RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)

KEYS = sorted(
    {key for model in (ScenarioDocument, Spec, PodKeys, *STRATEGIES.values()) for key in fields_of(model)}
    | {"v1", "v2", "checkout", "metrics", "interval", "metric", "setWeight", "distribution", "segments", "quantiles"}
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["5%", "30s", "200rps", "canary", "v1", "lognormal", "result > 0.1", "checkout", "mesh"]),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=30,
)


@RELAXED
@given(st.binary(max_size=400))
def test_any_bytes_are_refused_or_read(content: bytes) -> None:
    with contextlib.suppress(ScenarioError):
        read(content, "bytes")


YAML_CHARACTERS = "abc01:-?,[]{}#&*!|>'\"%@` \n\t\\ux<~.=é\u2028\x85"


@RELAXED
@given(st.text(alphabet=YAML_CHARACTERS, max_size=120))
def test_any_text_is_refused_or_read(text: str) -> None:
    with contextlib.suppress(ScenarioError):
        Scenario.from_text(text)


@RELAXED
@given(TREES)
def test_any_values_are_refused_or_accepted(data: Any) -> None:
    with contextlib.suppress(ScenarioError):
        Scenario.from_dict(data if isinstance(data, dict) else {"spec": data})


@RELAXED
@given(st.dictionaries(st.sampled_from(sorted(fields_of(Spec))), TREES, max_size=8))
def test_any_spec_is_refused_or_accepted(spec: dict[str, Any]) -> None:
    document = {"apiVersion": "rollsim/v1", "kind": "Scenario", "metadata": {"name": "x"}, "spec": spec}
    with contextlib.suppress(ScenarioError):
        Scenario.from_dict(document)


SECONDS = st.floats(0.001, 86_400, allow_nan=False) | st.integers(1, 3600) | st.sampled_from(["500ms", "1m30s", "2h"])
SHARES = st.floats(0, 1, allow_nan=False) | st.sampled_from(["5%", "0.1%", "33.3%"])
PERCENTS = st.floats(0, 100, allow_nan=False) | st.integers(0, 100) | st.just("12.5%")
WORDS = st.text(max_size=30)


def some(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


LAWS = st.one_of(
    SECONDS,
    st.builds(lambda mean: {"distribution": "exponential", "mean": mean}, SECONDS),
    st.builds(
        lambda median, factor: {"distribution": "lognormal", "median": median, "p99": median * factor},
        st.floats(0.001, 100),
        st.floats(1.01, 50),
    ),
    st.builds(
        lambda values: {
            "distribution": "empirical",
            "quantiles": {f"p{100 * i / (len(values) - 1):g}": value for i, value in enumerate(sorted(values))},
        },
        st.lists(st.floats(0, 1000), min_size=2, max_size=12),
    ),
)
PODS: dict[str, st.SearchStrategy[Any]] = {
    "replicas": st.integers(1, 100),
    "concurrency": st.integers(1, 100),
    "queueCapacity": st.none() | st.integers(0, 100),
    "startup": LAWS,
    "readinessProbe": st.none() | some(periodSeconds=SECONDS, successThreshold=st.integers(1, 5)),
    "preStop": st.none() | SECONDS,
    "latency": LAWS,
    "errorRate": SHARES,
}
FAULTS = st.one_of(
    st.builds(lambda rate, at: {"errorRate": rate, "at": at}, st.floats(0.001, 1), SECONDS),
    st.builds(lambda law: {"extraLatency": law}, LAWS),
    st.builds(lambda factor: {"coldStart": {"factor": factor, "halfLife": "30s"}}, st.floats(1, 50)),
)
VERSIONS = some(**PODS, faults=st.lists(FAULTS, max_size=3), conversion=st.builds(lambda rate: {"rate": rate}, SHARES))
ANALYSES = st.builds(
    lambda interval, rest: {"metric": "errorRate", "failureCondition": "result > 0.01", "interval": interval, **rest},
    SECONDS,
    some(window=SECONDS, failureLimit=st.integers(0, 9), count=st.integers(9, 20)),
)
STEPS = st.one_of(
    st.builds(lambda weight: {"setWeight": weight}, PERCENTS),
    st.builds(lambda duration: {"pause": duration}, some(duration=SECONDS)),
    st.just({"setCanaryScale": {"replicas": 2}}),
    st.just({"setHeaderRoute": {"name": "route"}}),
    st.just({"setMirrorRoute": {"name": "copies", "percentage": 50}}),
    st.just({"replicaProgressThreshold": {"type": "Percent", "value": 90}}),
    st.just({"experiment": {"duration": 60, "templates": [{"name": "trial", "specRef": "canary", "replicas": 2}]}}),
)
BOUNDS = st.integers(1, 9) | st.sampled_from(["25%", "12.5%", "100%"])
WAYS = some(
    recreate=st.just({}),
    rollingUpdate=some(maxSurge=BOUNDS, maxUnavailable=BOUNDS),
    blueGreen=some(autoPromotionSeconds=SECONDS, previewReplicaCount=st.integers(1, 9)),
    canary=st.builds(
        lambda steps, rest: {"steps": steps, **rest}, st.lists(STEPS, min_size=1, max_size=5), some(analysis=ANALYSES)
    ),
    other=st.builds(lambda duration: {"type": "shadow", "duration": duration}, SECONDS),
    abTest=st.builds(lambda weight, duration: {"weight": weight, "duration": duration}, PERCENTS, SECONDS),
).filter(bool)
SCENARIOS = st.builds(
    lambda labels, spec, v1, v2, ways, rate: {
        "apiVersion": "rollsim/v1",
        "kind": "Scenario",
        "metadata": {"name": "generated", "labels": labels},
        "spec": {
            **spec,
            "traffic": {"rate": rate},
            "services": {"web": {"versions": {"v1": v1, "1.10": v2}}},
            "mesh": {},
            "release": {"service": "web", "from": "v1", "to": "1.10"},
            "strategies": ways,
        },
    },
    st.dictionaries(WORDS, WORDS, max_size=3),
    st.builds(
        lambda duration, rest: {"duration": duration, **rest},
        SECONDS,
        some(seed=st.integers(0, 2**64 - 1), warmup=SECONDS),
    ),
    VERSIONS,
    VERSIONS,
    WAYS,
    st.floats(0, 1e6) | st.just("200rps"),
)


@RELAXED
@given(SCENARIOS)
def test_loading_takes_back_dumping(data: dict[str, Any]) -> None:
    scenario = Scenario.from_dict(data)
    again = Scenario.from_text(scenario.dump())
    assert again == scenario
    assert again.digest() == scenario.digest()
    assert Scenario.from_dict(scenario.as_dict()) == scenario
