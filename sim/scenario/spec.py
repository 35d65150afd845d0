"""The models of the whole document: what stands beside and above the parts in `sim.spec`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from sim.scenario.incidents import check_incidents, faults_of
from sim.scenario.reactions import check_reactions
from sim.scenario.room import check_room
from sim.spec.cluster import Cluster
from sim.spec.incident import Incident
from sim.spec.mesh import Mesh
from sim.spec.model import EMPTY, Frozen, FrozenMapping, Model, Name, StrategyName, Text, from_mapping
from sim.spec.monitoring import Monitoring
from sim.spec.objectives import Objectives
from sim.spec.operation import MOST_OPERATIONS, Operation
from sim.spec.release import Release
from sim.spec.service import Service
from sim.spec.traffic import Traffic
from sim.spec.users import Users
from sim.strategies import Strategy
from sim.units import LARGEST_SEED, Duration, PositiveDuration, Quantity

MOST_SERVICES = 50
MOST_STRATEGIES = 50
MOST_EXPECTATIONS = 100
MOST_INCIDENTS = 100
MOST_LABELS = 100
LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")


def _language(key: str) -> str:
    if not LANGUAGE.fullmatch(key):
        raise ValueError(f"is {key!r:.60}; must be a language such as en or fr")
    return key


Words = Frozen[Annotated[str, AfterValidator(_language)], Text]
Labels = Frozen[Text, Text]


class Metadata(Model):
    """What the scenario is called and what it teaches."""

    name: Name = Field(description="The name of the scenario.")
    title: Words = Field(EMPTY, max_length=MOST_LABELS, description="One line, by language.")
    teaches: Words = Field(EMPTY, max_length=MOST_LABELS, description="What one learns from it, by language.")
    predict: Words = Field(EMPTY, max_length=MOST_LABELS, description="What to ask before it runs, by language.")
    discuss: Words = Field(EMPTY, max_length=MOST_LABELS, description="What to talk about afterwards, by language.")
    labels: Labels = Field(EMPTY, max_length=MOST_LABELS, description="Free text by key, for tools.")
    annotations: Labels = Field(EMPTY, max_length=MOST_LABELS, description="Free text by key, for tools.")


class Spec(Model):
    """The simulation: who calls what, how it runs, and what is released how."""

    duration: PositiveDuration = Field(description="How long is simulated after the release starts, at most 30d.")
    warmup: Duration = Field(60.0, description="Simulated before the release starts, and not reported.")
    seed: Annotated[int, Quantity("count", high=LARGEST_SEED)] = Field(
        1, description="All luck comes from this number."
    )
    objectives: Objectives = Field(Objectives(), description="What the service promises.")
    users: Users = Field(Users(), description="Who uses the service.")
    traffic: Traffic = Field(description="The requests that arrive.")
    services: Frozen[Name, Service] = Field(min_length=1, max_length=MOST_SERVICES, description="The services by name.")
    cluster: Cluster | None = Field(None, description="Room for the pods; without it, there is always enough.")
    mesh: Mesh | None = Field(
        None, description="The service mesh, {} for Istio's defaults; without it, plain Kubernetes."
    )
    monitoring: Monitoring = Field(Monitoring(), description="How a bad release can be noticed.")
    release: Release | None = Field(None, description="What is released; without it, nothing is.")
    strategies: Frozen[StrategyName, Strategy] = Field(
        min_length=1,
        max_length=MOST_STRATEGIES,
        description="Ways of releasing, by name; type says which where the name does not.",
    )
    incidents: tuple[Incident, ...] = Field(
        (), max_length=MOST_INCIDENTS, description="What happens whether there is a release or not."
    )
    operations: tuple[Operation, ...] = Field(
        (),
        max_length=MOST_OPERATIONS,
        description="What an operator does by hand, in the run only, not in the runs it is compared with.",
    )
    expect: tuple[Text, ...] = Field(
        (),
        max_length=MOST_EXPECTATIONS,
        description="What must come out: STRATEGY.FIELD op number, word or STRATEGY.FIELD.",
    )

    @model_validator(mode="before")
    @classmethod
    def _derived_defaults(cls, data: Any) -> Any:
        return from_mapping(_with_derived_defaults)(data)

    @model_validator(mode="after")
    def _services_know_their_name(self) -> Spec:
        incidents, entry = self.incidents, self.traffic.entry
        named = {
            name: service.called(name, faults_of(incidents, name, entry)) for name, service in self.services.items()
        }
        object.__setattr__(self, "services", FrozenMapping(named))
        check_incidents(incidents, self.services, entry)
        return self

    @model_validator(mode="after")
    def _reactions_fit(self) -> Spec:
        check_reactions(self.users, self.traffic)
        return self

    @model_validator(mode="after")
    def _pods_fit(self) -> Spec:
        if self.cluster is not None:
            check_room(self.cluster, self.services, self.release)
        return self


def _with_derived_defaults(spec: dict[str, Any]) -> dict[str, Any]:
    """Fill in what another key decides: the only service is the entry, a name can be a type, no release is `none`."""
    services, traffic = spec.get("services"), spec.get("traffic")
    if isinstance(services, dict) and len(services) == 1 and isinstance(traffic, dict):
        spec["traffic"] = {"entry": next(iter(services)), **traffic}
    if "release" not in spec:
        spec.setdefault("strategies", {"none": {}})
    strategies = spec.get("strategies")
    if isinstance(strategies, dict):
        spec["strategies"] = {name: _with_type(name, strategy) for name, strategy in strategies.items()}
    return spec


def _with_type(name: str, strategy: Any) -> Any:
    return {"type": name, **strategy} if isinstance(strategy, dict) else strategy


class ScenarioDocument(Model):
    """A whole scenario file."""

    api_version: Literal["rollsim/v1"] = Field(description="The version of this format.")
    kind: Literal["Scenario"] = Field(description="What the document is.")
    metadata: Metadata = Field(description="What the scenario is called and what it teaches.")
    spec: Spec = Field(description="The simulation.")

    def as_written(self) -> dict[str, Any]:
        """Return the plain values of a file that says the same, what was left out left out."""
        data: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        for name, strategy in data["spec"]["strategies"].items():
            if strategy.get("type") == name:
                del strategy["type"]
        return data
