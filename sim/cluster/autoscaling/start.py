"""The autoscalers of a run, started with it, whether or not something is released."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.cluster.autoscaling.autoscaler import Autoscaler, limits_of
from sim.cluster.autoscaling.keda import bounds
from sim.cluster.autoscaling.measures import measures, queue_measure
from sim.cluster.autoscaling.metrics_server import MetricsServer
from sim.cluster.autoscaling.scaled_object import KedaOperator, rules_of
from sim.cluster.autoscaling.workload import Workload
from sim.cluster.clock import STRATEGY
from sim.spec.autoscaling import HpaController

if TYPE_CHECKING:
    from sim.cluster.wanted import Part
    from sim.cluster.world import World
    from sim.spec.service import Service


def start_autoscalers(world: World) -> None:
    """Start an autoscaler for each service that has one; a run without costs nothing."""
    services = sorted((name, service) for name, service in world.scenario.services.items() if service.is_autoscaled)
    if not services:
        return
    server = MetricsServer(world, max(_controller(service).metric_lag for _, service in services))
    for key, (name, service) in enumerate(services):
        for number, part in enumerate(_parts(world, name, service)):
            _start(world, Workload(world, name, 2 * key + number, part), service, server)
    _apply_manifest(world)


def _parts(world: World, name: str, service: Service) -> tuple[Part, ...]:
    """Return what has an autoscaler of its own: beside Flagger's canary its primary, by a copy of the one in the file.

    Source: Flagger docs, autoscalerRef; pkg/canary/hpa_reconciler.go. Model: a scaledObject stays one for both.
    """
    is_copied = world.primary is not None and name == world.service and service.horizontal_pod_autoscaler is not None
    return ("primary", "canary") if is_copied else ("",)


def _start(world: World, workload: Workload, service: Service, server: MetricsServer) -> None:
    controller, keda, scaler = _controller(service), service.scaled_object, service.horizontal_pod_autoscaler
    if keda is not None:
        KedaOperator(world, workload, keda)
        behavior = keda.advanced.horizontal_pod_autoscaler_config.behavior
        limits = limits_of(*bounds(rules_of(keda)), behavior, controller)
        Autoscaler(world, workload, [queue_measure(keda.triggers[0])], limits, controller, server)
    elif scaler is not None:
        limits = limits_of(scaler.min_replicas, scaler.max_replicas, scaler.behavior, controller)
        Autoscaler(world, workload, measures(scaler.metrics), limits, controller, server)


def _controller(service: Service) -> HpaController:
    return service.hpa_controller or HpaController()


def _apply_manifest(world: World) -> None:
    """Let a released version whose manifest says `replicas` set the count, whatever the autoscaler had made of it.

    Flagger applies it to the canary only, when it starts it.
    """
    release = world.release
    if release is None or not world.scenario.services[release.service].is_autoscaled or world.primary is not None:
        return
    version = world.scenario.services[release.service].versions[release.to_version]
    if "replicas" in version.model_fields_set:
        why = f"the manifest of {release.to_version} says replicas: {version.replicas}"
        world.env.call(0.0, STRATEGY, 0, lambda: world.want(release.service, version.replicas, why))
