"""All that is wrong with a document, or what it says: models, trace and warnings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import ValidationError

from sim.cluster.disruption import Guarded, disruptions_allowed
from sim.engine.called import called_services
from sim.errors import Problem, ScenarioError
from sim.scenario import references
from sim.scenario.document import Document
from sim.scenario.problems import problems_of
from sim.scenario.recording import Loaded, read_trace
from sim.scenario.spec import ScenarioDocument, Spec
from sim.scenario.trace import Files, TraceError
from sim.spec.replay import Trace
from sim.strategies.progressive import Progressive
from sim.strategies.rolling_update import RollingUpdate


class Checked(NamedTuple):
    """A valid document with the trace it names, and what is legal and probably not meant."""

    model: ScenarioDocument
    trace: Trace | None
    warnings: tuple[str, ...]


def check(document: Document, files: Files) -> Checked:
    """Return what a document says.

    Raises:
        ScenarioError: with everything that is wrong with it.
    """
    problems = list(document.problems)
    model: ScenarioDocument | None = None
    try:
        model = _validated(document.data, files)
    except ValidationError as error:
        problems += _new(problems, problems_of(document, ScenarioDocument, error.errors(include_url=False)))
    problems += _new(problems, (document.problem(*finding) for finding in references.check(document.data)))
    if problems or model is None:
        raise ScenarioError(problems)
    return _with_trace(document, model, files)


def _new(known: list[Problem], found: Iterator[Problem]) -> list[Problem]:
    """Return the problems at places that have none yet: one mistake, one message."""
    taken = {(problem.path, problem.line, problem.column) for problem in known}
    return [problem for problem in found if (problem.path, problem.line, problem.column) not in taken]


def _validated(data: Any, files: Files) -> ScenarioDocument:
    context = {"read_numbers": files.numbers}
    return ScenarioDocument.model_validate(data, by_alias=True, by_name=False, context=context)


def _with_trace(document: Document, model: ScenarioDocument, files: Files) -> Checked:
    spec, recording = model.spec, model.spec.traffic.trace
    warnings = tuple(_warnings(spec))
    if recording is None:
        return Checked(model, None, warnings)
    try:
        path, endpoints = files.find(recording.file), spec.traffic.endpoints
        loaded = read_trace(path, recording, spec.duration, spec.users.count, endpoints)
    except TraceError as error:
        raise ScenarioError([document.problem(("spec", "traffic", "trace"), str(error))]) from None
    return Checked(model, loaded.trace, (*warnings, *_left_out(recording.file, loaded)))


def _left_out(name: str, loaded: Loaded) -> tuple[str, ...]:
    if not loaded.left_out:
        return ()
    return (f"spec.traffic.trace: {loaded.left_out:,} rows of {name} come at or after spec.duration and are left out",)


def _unprotected(spec: Spec) -> Iterator[str]:
    """Yield which rolling updates may take every pod away, whatever minReadySeconds says."""
    release = spec.release
    if release is None:
        return
    version = spec.services[release.service].resolved(release.to_version)
    if version.min_ready_seconds == 0:
        return
    for name, strategy in spec.strategies.items():
        if isinstance(strategy, RollingUpdate):
            most = strategy.max_unavailable.of(version.replicas, round_up=False)
            if most >= version.replicas:
                all_pods = f"all {version.replicas} pods of {version.name}"
                yield f"spec.strategies.{name} lets {all_pods} be unavailable at once: minReadySeconds protects nothing"


def _called(spec: Spec) -> frozenset[str]:
    """Return the services that users call, or other services for them."""
    entry = spec.traffic.entry or next(iter(spec.services))
    order = [entry, *(name for name in spec.services if name != entry)]
    services = [spec.services[name] for name in order]
    return called_services(tuple(service.resolved(version) for service in services for version in service.versions))


def _immovable(spec: Spec) -> Iterator[str]:
    """Yield which budgets let no pod of a healthy service go when a node is drained."""
    if all(incident.drain_node is None for incident in spec.incidents):
        return
    for name, service in spec.services.items():
        budget, wanted = service.pod_disruption_budget, service.resolved(next(iter(service.versions))).replicas
        if budget is not None and disruptions_allowed(budget, Guarded(wanted, wanted, wanted)) == 0:
            path = f"spec.services.{name}.podDisruptionBudget"
            yield f"{path} lets none of {wanted} pods go: a drain waits until it is over"


def _warnings(spec: Spec) -> Iterator[str]:
    """Yield what is legal and probably not meant."""
    called = _called(spec)
    for name in spec.services:
        if name not in called:
            nobody = "" if len(called) == 1 else ", and nobody calls it"
            yield f"spec.services.{name} receives no requests: users call {spec.traffic.entry} only{nobody}"
    for name, strategy in spec.strategies.items():
        if isinstance(strategy, Progressive) and not strategy.metrics and not strategy.skip_analysis:
            yield f"spec.strategies.{name} has no metrics: nothing is checked, and a bad version passes"
    yield from _unprotected(spec)
    yield from _immovable(spec)
    release = spec.release
    if release is None or all(strategy.kind != "abTest" for strategy in spec.strategies.values()):
        return
    for version in (release.from_version, release.to_version):
        if spec.services[release.service].versions[version].conversion is None:
            path = f"spec.services.{release.service}.versions.{version}"
            yield f"{path} has no conversion: an A/B test has nothing to compare"
