"""What a scenario will do and when, as far as it is known before it runs."""

from __future__ import annotations

import math
from itertools import pairwise

from sim.explain.span import RARE
from sim.explain.stories import Plan, moment, tell
from sim.scenario import Scenario
from sim.spec.monitoring import Alert
from sim.units import plain

COMPARE_REPLICATIONS = 5


def explain_scenario(scenario: Scenario) -> str:
    """Return what the scenario will do, in words: traffic, noticing, and the timeline of each strategy."""
    lines = [_title(scenario), "", *_traffic(scenario), *_noticing(scenario)]
    lines += [*_incidents(scenario), *_operations(scenario), *_autoscalers(scenario), *_bounds(scenario)]
    for name, strategy in scenario.strategies.items():
        lines += ["", f"{name}: {strategy.summary}", *_timeline(scenario, name)]
    lines += ["", *_cost(scenario), *(f"warning: {warning}" for warning in scenario.warnings)]
    return "\n".join(lines) + "\n"


def _title(scenario: Scenario) -> str:
    title = scenario.metadata.title.get("en")
    return f"{scenario.name}: {title}" if title else scenario.name


def _traffic(scenario: Scenario) -> list[str]:
    users = f"{scenario.users.count:,} users"
    span = f"{moment(scenario.warmup)} of warm-up, then {moment(scenario.duration)}"
    requests = f"about {scenario.expected_requests():,.0f} requests to {scenario.traffic.entry}"
    return [f"{users} send {requests} in {span}; the release starts at 0s.", *_endpoints(scenario)]


def _endpoints(scenario: Scenario) -> list[str]:
    """Return what users ask for, if the scenario says so."""
    endpoints = scenario.traffic.endpoints.items()
    asked = [f"{name} ({each.method} {each.path or '/' + name}) {100 * each.share:g}%" for name, each in endpoints]
    return [f"They ask for {', '.join(asked)}."] if asked else []


def _noticing(scenario: Scenario) -> list[str]:
    monitoring = scenario.monitoring
    lines = [f"Metrics are scraped every {moment(monitoring.scrape_interval)}, the same for every strategy."]
    lines += [f"Alert {alert.name}: {_alert(scenario, alert)}." for alert in monitoring.alerts]
    if not monitoring.alerts:
        return [*lines, "There is no alert: nobody is paged."]
    if monitoring.on_call is None:
        return [*lines, "Nobody is on call: an alert is recorded and nothing follows."]
    person = monitoring.on_call
    takes = monitoring.group_wait + person.reaction.mean_seconds() + person.decision.mean_seconds()
    what = "undoes the release" if person.action == "undo" else "looks and changes nothing"
    return [*lines, f"The person on call {what} about {moment(takes)} after the alert."]


def _incidents(scenario: Scenario) -> list[str]:
    """Return what happens with or without the release."""
    lines = []
    for incident in sorted(scenario.incidents, key=lambda each: each.at):
        span = f"for {moment(incident.for_)}" if incident.for_ else "to the end"
        service = incident.service or scenario.traffic.entry
        what = f"{incident.drain_node} is drained" if incident.drain_node else f"every version of {service} has a fault"
        lines.append(f"At {moment(incident.at)}, {span}: {what}.")
    return lines


def _autoscalers(scenario: Scenario) -> list[str]:
    lines = []
    for name, service in scenario.services.items():
        scaler = service.horizontal_pod_autoscaler
        keda = service.scaled_object
        if scaler is not None:
            least, most = scaler.min_replicas, scaler.max_replicas
        elif keda is not None:
            least, most = keda.min_replica_count, keda.max_replica_count
        else:
            continue
        wanted = f"the timelines are those of {service.replicas}"
        lines.append(f"An autoscaler keeps between {least} and {most} pods of {name}; {wanted}.")
    return lines


def _bounds(scenario: Scenario) -> list[str]:
    if scenario.release is None:
        return []
    share = f"{100 * (1 - 2 * RARE):g}"
    return [
        f"Times are of a release in which nothing is wrong; behind them, where each wait ends {share} times of 100."
    ]


def _alert(scenario: Scenario, alert: Alert) -> str:
    if alert.kind == "threshold":
        return f"{alert.metric} over {moment(alert.window or 0.0)}, when {alert.condition}"
    budget = 1 - scenario.objectives.availability
    pairs = (
        f"error rate above {plain(round(window.factor * budget * 100, 6))} % "
        f"over {moment(window.long)} and {moment(window.short)}"
        for window in alert.windows
    )
    return " or ".join(pairs)


def _operations(scenario: Scenario) -> list[str]:
    commands = [f"{operation.text} at {moment(operation.at)}" for operation in scenario.operations]
    return [f"An operator, whatever happens: {', '.join(commands)}."] if commands else []


def plan_of(scenario: Scenario, name: str) -> Plan:
    """Return what a strategy is planned to do, where something is released."""
    assert scenario.release is not None
    service = scenario.services[scenario.release.service]
    plan = Plan(
        scenario, service.resolved(scenario.release.from_version), service.resolved(scenario.release.to_version)
    )
    plan.peak_pods = plan.old.replicas
    tell(plan, scenario.strategies[name])
    return plan


def _timeline(scenario: Scenario, name: str) -> list[str]:
    if scenario.release is None:
        return ["  nothing is released"]
    plan = plan_of(scenario, name)
    lines = [planned.line(before) for before, planned in pairwise((None, *plan.planned)) if planned is not None]
    if plan.is_open and plan.at.expected > scenario.duration:
        lines.append(f"  the run ends before, at {moment(scenario.duration)}")
    return [*lines, f"  at most {plan.peak_pods} pods; {plan.old.replicas} before", *_obstacles(plan)]


def _obstacles(plan: Plan) -> list[str]:
    """Return what keeps the timeline from coming true: no room, or a volume that the old pods hold."""
    lines = []
    cluster = plan.scenario.cluster
    room = cluster.room if cluster else math.inf
    others = sum(service.replicas for service in plan.scenario.services.values() if service.name != plan.old.service)
    if plan.peak_pods + others > room:
        lines.append(f"  there is room for {room - others:g} pods: the others wait until some have gone")
    held = [volume.name for volume in plan.new.volumes if volume.access_mode == "ReadWriteOnce"]
    if held and plan.peak_pods > plan.old.replicas and (cluster is None or cluster.nodes is None):
        lines.append(f"  a new pod waits for volume {held[0]} while an old one holds it, and with it the rollout")
    return lines


def _cost(scenario: Scenario) -> list[str]:
    run = scenario.expected_requests()
    runs = 1 + 2 * sum(strategy.kind != "none" for strategy in scenario.strategies.values())
    total = run * runs * COMPARE_REPLICATIONS
    return [
        f"Cost: about {run:,.0f} requests a run (copies come on top); a comparison of all strategies, with the runs it "
        f"is measured against and {COMPARE_REPLICATIONS} replications, about {total:,.0f}."
    ]
