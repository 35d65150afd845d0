"""Checks across the keys of a document: names that must exist, and what needs a mesh. On plain values, so that they
are told together with everything else that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.scenario import call_graph, expectation
from sim.scenario.document import Path, short
from sim.scenario.finding import Finding
from sim.spec.cluster import MOST_NODES, node_names
from sim.spec.model import did_you_mean
from sim.strategies import STRATEGIES

ALL_USERS = 100
MESH_KEYS_OF_CANARY = ("dynamicStableScale", "minPodsPerReplicaSet", "maxTrafficWeight")
MESH_STEPS_OF_CANARY = ("setCanaryScale", "setHeaderRoute", "setMirrorRoute")
ALL_ACTIONS = {action for strategy in STRATEGIES.values() for action in strategy.actions}


def check(data: Any) -> Iterator[Finding]:
    """Yield what is wrong between the keys of a document."""
    spec = _get(data, "spec")
    if not isinstance(spec, dict):
        return
    yield from _traffic(spec)
    yield from _release(spec)
    yield from call_graph.check(spec)
    yield from _segments(spec, ("spec",))
    yield from _endpoints(spec, ("spec",))
    yield from _metric_services(spec, ("spec",), _names(spec, "services"))
    yield from _alerts(spec)
    yield from _strategies(spec)
    yield from _incidents(spec)
    yield from _operations(spec)
    yield from _header_routes(spec, ("spec",))
    yield from _expectations(spec)


def _get(data: Any, *path: str) -> Any:
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _names(spec: dict[str, Any], *path: str) -> list[str]:
    found = _get(spec, *path)
    return list(found) if isinstance(found, dict) else []


def _unknown(what: str, name: str, known: list[str]) -> str:
    return f"is the unknown {what} '{short(name)}'{did_you_mean(name, known)}"


def _traffic(spec: dict[str, Any]) -> Iterator[Finding]:
    services, entry = _names(spec, "services"), _get(spec, "traffic", "entry")
    if isinstance(entry, str) and services and entry not in services:
        yield Finding(("spec", "traffic", "entry"), _unknown("service", entry, services))
    if len(services) > 1 and isinstance(_get(spec, "traffic"), dict) and entry is None:
        yield Finding(
            ("spec", "traffic", "entry"),
            f"is missing; with several services it must be one of {', '.join(services[:20])}",
        )


def _release(spec: dict[str, Any]) -> Iterator[Finding]:
    release = _get(spec, "release")
    if not isinstance(release, dict):
        return
    service, services = release.get("service"), _names(spec, "services")
    if isinstance(service, str) and services and service not in services:
        yield Finding(("spec", "release", "service"), _unknown("service", service, services))
        return
    versions = _names(spec, "services", service, "versions") if isinstance(service, str) else []
    for key in ("from", "to"):
        version = release.get(key)
        if isinstance(version, str) and versions and version not in versions:
            yield Finding(("spec", "release", key), _unknown(f"version of {short(str(service))}", version, versions))
    if isinstance(release.get("from"), str) and release.get("from") == release.get("to"):
        yield Finding(
            ("spec", "release", "to"), f"is '{short(release['to'])}', the same as from; must be another version"
        )


def _walk(data: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    if isinstance(data, dict):
        yield path, data
        for key, value in data.items():
            yield from _walk(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _walk(value, (*path, index))


def _segments(spec: dict[str, Any], path: Path) -> Iterator[Finding]:
    segments = _names(spec, "users", "segments")
    for key in ("services", "strategies", "incidents"):
        for place, mapping in _walk(_get(spec, key), (*path, key)):
            name = mapping.get("segment")
            if isinstance(name, str) and name not in segments:
                yield Finding((*place, "segment"), _unknown("segment", name, segments))


def _faults(spec: dict[str, Any], path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for key in ("services", "incidents"):
        for place, mapping in _walk(_get(spec, key), (*path, key)):
            if "faults" in place[2:]:
                yield place, mapping


def _endpoints(spec: dict[str, Any], path: Path) -> Iterator[Finding]:
    """Yield faults limited to an endpoint that is none of the users' or of a service that users do not call."""
    endpoints, services = _names(spec, "traffic", "endpoints"), _names(spec, "services")
    entry = _get(spec, "traffic", "entry") or (services[0] if len(services) == 1 else None)
    for place, mapping in _faults(spec, path):
        name = mapping.get("endpoint")
        if not isinstance(name, str):
            continue
        service = place[2] if place[1] == "services" else _get(spec["incidents"][place[2]], "service") or entry
        if name not in endpoints:
            yield Finding((*place, "endpoint"), _unknown("endpoint", name, endpoints))
        elif entry is not None and service != entry:
            message = f"is '{short(name)}', which users ask of {short(str(entry))}; must be left out"
            yield Finding((*place, "endpoint"), message)


def _metric_services(spec: dict[str, Any], path: Path, services: list[str]) -> Iterator[Finding]:
    for place, mapping in _walk(_get(spec, "strategies"), (*path, "strategies")):
        name = mapping.get("service")
        if "metric" in mapping and isinstance(name, str) and name not in services:
            yield Finding((*place, "service"), _unknown("service", name, services))


def _alerts(spec: dict[str, Any]) -> Iterator[Finding]:
    alerts = _get(spec, "monitoring", "alerts")
    for index, alert in enumerate(alerts if isinstance(alerts, list) else []):
        for by, where in (("segment", ("users", "segments")), ("endpoint", ("traffic", "endpoints"))):
            if _get(alert, "by") == by and not _names(spec, *where):
                message = f"is {by}, and there is none; must have {'.'.join(where)}"
                yield Finding(("spec", "monitoring", "alerts", index, "by"), message)


def _strategies(spec: dict[str, Any]) -> Iterator[Finding]:
    strategies = _get(spec, "strategies")
    if not isinstance(strategies, dict):
        return
    types = {name: _type(name, strategy) for name, strategy in strategies.items()}
    for name, strategy in strategies.items():
        path: Path = ("spec", "strategies", name)
        if "release" not in spec and types[name] not in (None, "none"):
            yield Finding(
                path, f"is of type {types[name]}, and nothing is released; must be none, or give spec.release"
            )
        if isinstance(strategy, dict):
            yield from _then(path, strategy, types)
            if "mesh" not in spec:
                yield from _needs_mesh(path, strategy, types[name])
            yield from _canary_without_mesh(path, strategy, spec)
            if "mesh" not in spec and _get(strategy, "analysis", "baseline") is True:
                message = "needs a mesh that divides requests; must be left out, or give spec.mesh ({} is enough)"
                yield Finding((*path, "analysis", "baseline"), message)


def _incidents(spec: dict[str, Any]) -> Iterator[Finding]:
    incidents, services = spec.get("incidents"), _names(spec, "services")
    count = _get(spec, "cluster", "nodes", "count")
    for index, incident in enumerate(incidents if isinstance(incidents, list) else []):
        path: Path = ("spec", "incidents", index)
        service, node = _get(incident, "service"), _get(incident, "drainNode")
        if isinstance(service, str) and services and service not in services:
            yield Finding((*path, "service"), _unknown("service", service, services))
        if not isinstance(node, str):
            continue
        if _get(spec, "cluster", "nodes") is None:
            yield Finding((*path, "drainNode"), "needs nodes; must be left out, or give spec.cluster.nodes")
        elif isinstance(count, int) and node not in (names := node_names(min(count, MOST_NODES))):
            yield Finding((*path, "drainNode"), _unknown("node", node, names))


def _type(name: str, strategy: Any) -> str | None:
    found = _get(strategy, "type")
    return short(str(name if found is None else found))


def _then(path: Path, strategy: dict[str, Any], types: dict[str, str | None]) -> Iterator[Finding]:
    then = strategy.get("then")
    if not isinstance(then, str) or types[str(path[-1])] != "shadow":
        return
    known = [name for name, kind in types.items() if kind not in ("shadow", "none")]
    if then not in types:
        yield Finding((*path, "then"), _unknown("strategy", then, known))
    elif then not in known:
        yield Finding(
            (*path, "then"), f"is '{short(then)}', of type {types[then]}; must be a strategy that deploys to users"
        )


def _needs_mesh(path: Path, strategy: dict[str, Any], kind: str | None) -> Iterator[Finding]:
    if kind in ("abTest", "shadow"):
        yield Finding(
            path, f"is of type {kind}, which needs a mesh; must be another type, or give spec.mesh ({{}} is enough)"
        )
    for key, value in (("sticky", "user"), ("trafficRouting", "mesh")):
        if strategy.get(key) == value:
            yield Finding(
                (*path, key), f"is {value}, which needs a mesh; must be none, or give spec.mesh ({{}} is enough)"
            )
    if kind == "progressive":
        yield from _progressive_without_mesh(path, strategy)
    if kind == "batches":
        yield from _batches_without_mesh(path, strategy)
    if strategy.get("previewMatch"):
        yield Finding((*path, "previewMatch"), "needs a mesh; must be left out, or give spec.mesh ({} is enough)")


def _progressive_without_mesh(path: Path, strategy: dict[str, Any]) -> Iterator[Finding]:
    for key in ("stepWeight", "stepWeights", "maxWeight", "stepWeightPromotion", "match", "mirror", "sessionAffinity"):
        if strategy.get(key):
            message = "needs a mesh that divides requests; must be left out (iterations alone work), or give spec.mesh"
            yield Finding((*path, key), f"{message} ({{}} is enough)")


def _batches_without_mesh(path: Path, strategy: dict[str, Any]) -> Iterator[Finding]:
    steps = strategy.get("steps")
    for index, step in enumerate(steps if isinstance(steps, list) else []):
        for key in ("traffic", "matches"):
            if isinstance(step, dict) and step.get(key):
                message = (
                    "needs a mesh that divides requests; must be left out where pods make the share, or give spec.mesh"
                )
                yield Finding((*path, "steps", index, key), f"{message} ({{}} is enough)")


def _canary_without_mesh(path: Path, strategy: dict[str, Any], spec: dict[str, Any]) -> Iterator[Finding]:
    by_pods = strategy.get("trafficRouting") == "none"
    if by_pods and strategy.get("sticky") == "user":
        yield Finding((*path, "sticky"), "is user, and trafficRouting is none; must be none, pods know no users")
    is_routed = not by_pods and "mesh" in spec
    message = "needs a mesh that makes the share; must be left out where the pods make it"
    for key in MESH_KEYS_OF_CANARY:
        if not is_routed and strategy.get(key):
            yield Finding((*path, key), message)
    most = strategy.get("maxTrafficWeight", ALL_USERS)
    steps = strategy.get("steps")
    for index, step in enumerate(steps if isinstance(steps, list) else []):
        if not isinstance(step, dict):
            continue
        for key in MESH_STEPS_OF_CANARY:
            if not is_routed and key in step:
                yield Finding((*path, "steps", index, key), message)
        if not is_routed:
            yield from _weighted_templates((*path, "steps", index, "experiment"), step.get("experiment"), message)
        weight = step.get("setWeight")
        if _is_number(weight) and _is_number(most) and weight > most >= 1:
            bounds = f"0 and {most:,}" if most == ALL_USERS else f"0 and maxTrafficWeight, {most:,}"
            yield Finding((*path, "steps", index, "setWeight"), f"is {short(str(weight))}; must be between {bounds}")


def _weighted_templates(path: Path, experiment: Any, message: str) -> Iterator[Finding]:
    templates = _get(experiment, "templates")
    for index, template in enumerate(templates if isinstance(templates, list) else []):
        if _get(template, "weight"):
            yield Finding((*path, "templates", index, "weight"), message)


def _header_routes(spec: dict[str, Any], path: Path) -> Iterator[Finding]:
    """Yield the headers of routes that no segment carries."""
    segments = _get(spec, "users", "segments")
    carried = [_get(segment, "headers") for segment in segments.values()] if isinstance(segments, dict) else []
    known = sorted({str(name) for headers in carried if isinstance(headers, dict) for name in headers})
    for place, mapping in _walk(_get(spec, "strategies"), (*path, "strategies")):
        name = mapping.get("headerName")
        if isinstance(name, str) and name.lower() not in {each.lower() for each in known}:
            yield Finding((*place, "headerName"), _unknown("header", name, known))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _applied(spec: dict[str, Any], index: int, version: Any) -> Iterator[Finding]:
    versions = _names(spec, "services", str(_get(spec, "release", "service")), "versions")
    if isinstance(version, str) and versions and version not in versions:
        yield Finding(("spec", "operations", index, "version"), _unknown("version", version, versions))


def _operations(spec: dict[str, Any]) -> Iterator[Finding]:
    strategies, operations = _get(spec, "strategies") or {"none": {}}, _get(spec, "operations")
    if not isinstance(strategies, dict) or not isinstance(operations, list):
        return
    kinds = [STRATEGIES[kind] for kind in {_type(*item) for item in strategies.items()} if kind in STRATEGIES]
    known = sorted({action for kind in kinds for action in kind.actions})
    for index, operation in enumerate(operations):
        action = _get(operation, "action")
        yield from _applied(spec, index, _get(operation, "version"))
        service, services = _get(operation, "service"), _names(spec, "services")
        if isinstance(service, str) and services and service not in services:
            yield Finding(("spec", "operations", index, "service"), _unknown("service", service, services))
        if isinstance(action, str) and action in ALL_ACTIONS and kinds and action not in known:
            message = f"is {action}, which no strategy of the file can do; must be one of {', '.join(known)}"
            yield Finding(("spec", "operations", index, "action"), message)


def _expectations(spec: dict[str, Any]) -> Iterator[Finding]:
    lines = spec.get("expect")
    strategies = _names(spec, "strategies") or ["none"]
    for index, line in enumerate(lines if isinstance(lines, list) else []):
        if not isinstance(line, str):
            continue
        path: Path = ("spec", "expect", index)
        try:
            expected = expectation.parse(line)
        except ValueError as error:
            yield Finding(path, str(error))
            continue
        for side in (expected.left, expected.right):
            if isinstance(side, expectation.Reference) and side.strategy not in strategies:
                hint = did_you_mean(side.strategy, strategies)
                yield Finding(path, f"names the unknown strategy '{side.strategy}'{hint}")
