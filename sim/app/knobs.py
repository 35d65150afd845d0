"""The knobs: each reads one number of a scenario and gives a scenario with another one in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sim.app import analysis_knobs as analysis
from sim.app.words import words
from sim.scenario import Scenario
from sim.spec.fault import Fault
from sim.spec.mesh import Mesh

Reader = Callable[[Scenario, str], float | None]
Writer = Callable[[Scenario, str, float], Scenario]

PERCENT = 100.0
LARGEST_EXACT = 2**53 - 1
DIGITS = 6
"""Digits after the point that a knob keeps."""


@dataclass(frozen=True)
class Knob:
    """One number of a scenario. read: None where the scenario has no such thing. whole: an integer.

    advanced: shown among more knobs. of_strategy: belongs to the chosen strategy, not to the whole scenario.
    """

    name: str
    read: Reader
    write: Writer
    low: float
    high: float
    step: float
    whole: bool = False
    advanced: bool = False
    of_strategy: bool = False

    def value(self, scenario: Scenario, strategy: str) -> float | int | None:
        """Return what the scenario says, as the field shows it."""
        value = self.read(scenario, strategy)
        return None if value is None else self.shown(value)

    def shown(self, value: float) -> float | int:
        """Return the number in the type of the field."""
        return round(value) if self.whole else round(float(value), DIGITS)

    def label(self, scenario: Scenario, strategy: str) -> str:
        """Return the name of the knob beside its field."""
        version = scenario.release.to_version if scenario.release else ""
        return words(f"knob_{self.name}", version=version, metric=analysis.limit_label(scenario, strategy))


def turned(scenario: Scenario, strategy: str, values: Mapping[str, float]) -> Scenario:
    """Return the scenario with the knobs at these values; one that says what the file says changes nothing.

    Raises:
        ScenarioError: the scenario with these values is not valid.
    """
    for knob in KNOBS:
        if knob.name in values and values[knob.name] != knob.value(scenario, strategy):
            scenario = knob.write(scenario, strategy, values[knob.name])
    return scenario


def changed(scenario: Scenario, strategy: str, values: Mapping[str, float]) -> dict[str, float]:
    """Return the values that differ from the scenario's own."""
    own = {knob.name: knob.value(scenario, strategy) for knob in KNOBS}
    return {name: value for name, value in values.items() if own.get(name) is not None and own[name] != value}


# ---- traffic


def _rate(scenario: Scenario, _: str) -> float | None:
    return scenario.traffic.rate


def _set_rate(scenario: Scenario, _: str, value: float) -> Scenario:
    return scenario.replace("spec.traffic.rate", value)


def _load(scenario: Scenario, _: str) -> float | None:
    return 1.0 if scenario.traffic.profile else None


def _set_load(scenario: Scenario, _: str, value: float) -> Scenario:
    points = scenario.as_dict()["spec"]["traffic"]["profile"]
    scaled = [
        {**written, "rate": point.rate * value} for written, point in zip(points, scenario.traffic.profile, strict=True)
    ]
    return scenario.replace("spec.traffic.profile", scaled)


# ---- the new version


def _fault(scenario: Scenario) -> Fault | None:
    assert scenario.release is not None
    faults = scenario.services[scenario.release.service].versions[scenario.release.to_version].faults
    return faults[0] if faults else None


def _errors(scenario: Scenario, _: str) -> float | None:
    if scenario.release is None:
        return None
    fault = _fault(scenario)
    return PERCENT * fault.error_rate if fault else 0.0


def _slower(scenario: Scenario, _: str) -> float | None:
    if scenario.release is None:
        return None
    fault = _fault(scenario)
    return fault.latency_factor if fault else 1.0


def _set_errors(scenario: Scenario, _: str, value: float) -> Scenario:
    return _with_fault(scenario, "errorRate", value / PERCENT, nothing=0.0)


def _set_slower(scenario: Scenario, _: str, value: float) -> Scenario:
    return _with_fault(scenario, "latencyFactor", value, nothing=1.0)


def _with_fault(scenario: Scenario, key: str, value: float, nothing: float) -> Scenario:
    """Return the scenario with the key of the new version's first fault set; a fault without effect is none."""
    assert scenario.release is not None
    service, version = scenario.release.service, scenario.release.to_version
    written = scenario.as_dict()["spec"]["services"][service]["versions"][version] or {}
    first, *others = written.get("faults") or [{}]
    first = {name: kept for name, kept in first.items() if name != key} | ({} if value == nothing else {key: value})
    effects = set(first) - {"at", "for", "rampUp", "segment", "statusCode"}
    path = f"spec.services['{service}'].versions['{version}']"
    return scenario.replace(path, {**written, "faults": [first, *others] if effects else others})


# ---- service


def _service(scenario: Scenario) -> str:
    return scenario.release.service if scenario.release else next(iter(scenario.services))


def _of_service(key: str, attribute: str) -> tuple[Reader, Writer]:
    """Return reader and writer of a key of the released service; a version that has its own keeps it equal."""

    def read(scenario: Scenario, _: str) -> float | None:
        service = scenario.services[_service(scenario)]
        version = scenario.release.from_version if scenario.release else next(iter(service.versions))
        value = getattr(service.resolved(version), attribute)
        return None if value is None else float(value)

    def write(scenario: Scenario, _: str, value: float) -> Scenario:
        name = _service(scenario)
        written = scenario.as_dict()["spec"]["services"][name]
        versions = {
            v: {k: kept for k, kept in (own or {}).items() if k != key} for v, own in written["versions"].items()
        }
        return scenario.replace(f"spec.services['{name}']", {**written, key: value, "versions": versions})

    return read, write


# ---- mesh, monitoring, run


def _propagation(scenario: Scenario, _: str) -> float | None:
    mesh: Mesh | None = scenario.mesh
    return None if mesh is None else mesh.propagation_delay.mean_seconds()


def _reaction(scenario: Scenario, _: str) -> float | None:
    person = scenario.monitoring.on_call
    return None if person is None else person.reaction.mean_seconds()


def _seed(scenario: Scenario, _: str) -> float | None:
    # Browsers count exactly up to here; a larger seed of a file stays as it is.
    return scenario.seed if scenario.seed <= LARGEST_EXACT else None


def _at(path: str) -> Writer:
    return lambda scenario, _, value: scenario.replace(path, value)


_replicas, _set_replicas = _of_service("replicas", "replicas")
_concurrency, _set_concurrency = _of_service("concurrency", "concurrency")

KNOBS = (
    Knob("rate", _rate, _set_rate, 0.1, 20_000, 10),
    Knob("load", _load, _set_load, 0.01, 100, 0.1),
    Knob("replicas", _replicas, _set_replicas, 1, 1000, 1, whole=True),
    Knob("errors", _errors, _set_errors, 0, 100, 1),
    Knob("slower", _slower, _set_slower, 0.1, 100, 0.5),
    Knob("watched", analysis.watched, analysis.set_watched, 0, 1, 1, whole=True, of_strategy=True),
    Knob("limit", analysis.limit, analysis.set_limit, 0, 1000, 0.5, of_strategy=True),
    Knob("interval", analysis.interval, analysis.set_interval, 1, 3600, 5, of_strategy=True),
    Knob("seed", _seed, _at("spec.seed"), 0, LARGEST_EXACT, 1, whole=True),
    Knob("duration", lambda s, _: s.duration, _at("spec.duration"), 10, 30 * 86_400, 60, advanced=True),
    Knob("concurrency", _concurrency, _set_concurrency, 1, 1000, 1, whole=True, advanced=True),
    Knob("propagation", _propagation, _at("spec.mesh.propagationDelay"), 0, 600, 1, advanced=True),
    Knob(
        "scrape",
        lambda s, _: s.monitoring.scrape_interval,
        _at("spec.monitoring.scrapeInterval"),
        1,
        600,
        5,
        advanced=True,
    ),
    Knob("reaction", _reaction, _at("spec.monitoring.onCall.reaction"), 0, 86_400, 30, advanced=True),
)
"""In the order in which they are shown and applied; `watched` gives an analysis before its limit is set."""
