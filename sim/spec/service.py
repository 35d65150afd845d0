"""A service: how its pods start, serve and stop, and what differs between its versions."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PrivateAttr, StrictBool, model_validator

from sim.spec.autoscaling import HorizontalPodAutoscaler, HpaController, ScaledObject
from sim.spec.call import MOST_CALLS, ServiceCall
from sim.spec.disruption_budget import PodDisruptionBudget
from sim.spec.distributions import Constant, Law
from sim.spec.fault import Fault
from sim.spec.model import Frozen, Model, PlacedError, VersionName
from sim.spec.resources import Resources
from sim.spec.restart_probe import RestartProbe
from sim.spec.volume import Volume
from sim.units import Duration, PositiveSeconds, Quantity, Seconds, Share

MOST_FAULTS = 20
MOST_VOLUMES = 20
MOST_VERSIONS = 50

Count = Annotated[int, Quantity("count", low=1, high=1_000)]


class Probe(Model):
    """When a container counts as ready: probed every period from its start on."""

    not_simulated: ClassVar[tuple[str, ...]] = ("httpGet", "exec", "tcpSocket", "grpc", "timeoutSeconds")

    initial_delay_seconds: Seconds = Field(0.0, description="From the start of the container to the first probe.")
    period_seconds: PositiveSeconds = Field(10.0, description="Between two probes.")
    success_threshold: Count = Field(1, description="Successes in a row that make a pod ready.")
    failure_threshold: Count = Field(3, description="Failures in a row that make a pod unready.")


class Conversion(Model):
    """How often a user does what the business wants."""

    rate: Share = Field(description="Share of users (or of answered requests) that convert.")
    per: Literal["user", "request"] = Field(
        "user", description="What converts: the user once, or each answered request."
    )


class PodKeys(Model):
    """What describes a pod; given for a service, and again for a version where it differs."""

    replicas: Annotated[int, Quantity("count", low=1, high=10_000)] = Field(1, description="Number of pods.")
    concurrency: Annotated[int, Quantity("count", low=1, high=10_000)] = Field(
        1, description="Requests a pod serves at once; the rest wait, first come first served."
    )
    discipline: Literal["fifo", "processorSharing"] = Field(
        "fifo",
        description="fifo: first come first served. processorSharing: all run at once and share the pod's cores, as "
        "many as concurrency; each goes slower when there are more, and queueCapacity bounds how many more.",
    )
    queue_capacity: Annotated[int, Quantity("count", high=1_000_000)] | None = Field(
        None, description="More requests waiting at a pod than this are answered 503 at once; without it, no limit."
    )
    startup: Law = Field(Constant(value=1.0), description="From the start of the container until it can answer.")
    readiness_probe: Probe | None = Field(
        None, description="Without it, a pod is ready as soon as its container has started."
    )
    startup_probe: RestartProbe | None = Field(
        None,
        description="Asked until it succeeds once; the other probes begin then. Restarts a start that takes too long.",
    )
    liveness_probe: RestartProbe | None = Field(
        None,
        description="Restarts a container whose application does not answer: still starting, or a fault neverLive.",
    )
    image_pull: Law | None = Field(
        None,
        description="Before the container of a new pod starts, once on each of cluster.nodes (without nodes: for each "
        "pod); without it, the image is there already.",
    )
    volumes: tuple[Volume, ...] = Field((), max_length=MOST_VOLUMES, description="What each pod mounts at its start.")
    min_ready_seconds: Seconds = Field(0.0, description="How long a pod must be ready to count as available.")
    progress_deadline_seconds: PositiveSeconds = Field(
        600.0, description="Without progress for this long, it is reported."
    )
    termination_grace_period_seconds: Seconds = Field(30.0, description="From a pod's deletion to its kill.")
    pre_stop: Duration | None = Field(None, description="Wait before the application is told to stop (SIGTERM).")
    endpoint_propagation: Law = Field(
        Constant(value=1.0), description="Until all callers know that a pod became ready or left."
    )
    latency: Law = Field(
        Constant(value=0.05), description="How long a worker is held by a request; the user sees waiting too."
    )
    error_rate: Share = Field(0.0, description="Share of attempts that fail.")
    calls: tuple[ServiceCall, ...] = Field(
        (), max_length=MOST_CALLS, description="What it asks of other services, in this order, after its own work."
    )
    worker_held: StrictBool = Field(
        True, description="Whether a worker waits for the calls of its request (a thread each), or serves others."
    )
    resources: Resources | None = Field(None, description="What a pod asks of its node.")
    cpu_per_request: Law | None = Field(
        None, description="CPU time of a request, its mean counts; without it, one core while a worker is held."
    )


class Version(PodKeys):
    """One version of a service: what it does not give is inherited from the service."""

    faults: tuple[Fault, ...] = Field((), max_length=MOST_FAULTS, description="What is wrong with the version.")
    conversion: Conversion | None = Field(None, description="How often its users convert.")


class ResolvedVersion(Version):
    """A version with everything it inherits."""

    name: str
    service: str


class Service(PodKeys):
    """A service of the scenario: pods of one or more versions behind one name."""

    _name: str = PrivateAttr("")
    _incident_faults: tuple[Fault, ...] = PrivateAttr(())
    versions: Frozen[VersionName, Version] = Field(
        min_length=1, max_length=MOST_VERSIONS, description="The versions by name; quote names such as '1.10'."
    )

    pod_disruption_budget: PodDisruptionBudget | None = Field(
        None, description="What evictions (a drained node) must leave of the service; without it, nothing."
    )
    horizontal_pod_autoscaler: HorizontalPodAutoscaler | None = Field(
        None, description="Sets the number of pods by what they use (autoscaling/v2); replicas is where it starts."
    )
    revision_history_limit: Annotated[int, Quantity("count", high=1_000)] = Field(
        10, description="Old revisions that a Deployment keeps for an undo; older ones are forgotten."
    )
    hpa_controller: HpaController | None = Field(None, description="How the autoscaler's controller is set up.")
    scaled_object: ScaledObject | None = Field(
        None,
        description="KEDA: sets the number of pods by the length of the queue, to none when there is nothing to do.",
    )

    def resolved(self, version: str) -> ResolvedVersion:
        """Return the version with what it inherits from the service filled in."""
        own = self.versions[version]
        values = {name: getattr(own if name in own.model_fields_set else self, name) for name in PodKeys.model_fields}
        faults = (*own.faults, *self._incident_faults)
        return ResolvedVersion.model_construct(
            **values, faults=faults, conversion=own.conversion, name=version, service=self._name
        )

    @property
    def name(self) -> str:
        """Return its name in the scenario, "" for a service that stands alone."""
        return self._name

    def called(self, name: str, incident_faults: tuple[Fault, ...] = ()) -> Service:
        """Return this service under a name, with the faults that incidents give all its versions."""
        named = self.model_copy()
        named._name = name
        named._incident_faults = incident_faults
        return named

    @property
    def is_autoscaled(self) -> bool:
        """True when somebody changes its number of pods."""
        return self.horizontal_pod_autoscaler is not None or self.scaled_object is not None

    @model_validator(mode="after")
    def _one_autoscaler(self) -> Service:
        scaler = self.horizontal_pod_autoscaler
        if scaler is not None and self.scaled_object is not None:
            message = "stands beside horizontalPodAutoscaler; must be one of them: both set the number of pods"
            raise PlacedError(("scaledObject",), message)
        if self.hpa_controller is not None and not self.is_autoscaled:
            raise PlacedError(("hpaController",), "has nothing to control; must have horizontalPodAutoscaler")
        if scaler is not None and scaler.needs_requests:
            for name in self.versions:
                if self.resolved(name).resources is None:
                    message = f"compares CPU with requests, and {name} has none; must have resources.requests.cpu"
                    raise PlacedError(("horizontalPodAutoscaler",), message)
        return self

    @model_validator(mode="after")
    def _versions_make_sense(self) -> Service:
        for version in self.versions:
            _check(self.resolved(version))
        return self


def _check(version: ResolvedVersion) -> None:
    if any(fault.never_ready for fault in version.faults) and version.readiness_probe is None:
        raise PlacedError(("versions", version.name), "has neverReady without a readinessProbe; must have one")
    if any(fault.never_live for fault in version.faults) and version.liveness_probe is None:
        raise PlacedError(("versions", version.name), "has neverLive without a livenessProbe; must have one")
    if version.replicas > 1 and any(volume.access_mode == "ReadWriteOnce" for volume in version.volumes):
        message = f"has a ReadWriteOnce volume and replicas {version.replicas}; must have replicas 1, or ReadWriteMany"
        raise PlacedError(("versions", version.name), message)
    if version.progress_deadline_seconds <= version.min_ready_seconds:
        # Source: Kubernetes validation of a Deployment.
        deadline, ready = version.progress_deadline_seconds, version.min_ready_seconds
        raise PlacedError(
            ("versions", version.name),
            f"has progressDeadlineSeconds {deadline:g}; must be above minReadySeconds, {ready:g}",
        )
