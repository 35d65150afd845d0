"""A scenario as a value: read from a file, checked as a whole, changed only by making another one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sim.errors import BudgetError, Problem, ScenarioError
from sim.scenario import document as documents
from sim.scenario import expectation
from sim.scenario.assign import assigned
from sim.scenario.checking import check
from sim.scenario.document import Document
from sim.scenario.expectation import Expectation
from sim.scenario.spec import Metadata, ScenarioDocument, Spec
from sim.scenario.trace import Files
from sim.spec.cluster import Cluster
from sim.spec.incident import Incident
from sim.spec.mesh import Mesh
from sim.spec.model import FrozenMapping
from sim.spec.monitoring import Monitoring
from sim.spec.objectives import Objectives
from sim.spec.operation import Operation
from sim.spec.release import Release
from sim.spec.replay import Trace
from sim.spec.service import Service
from sim.spec.strategy import StrategySpec
from sim.spec.traffic import Traffic
from sim.spec.users import Users
from sim.strategies.none import NoRelease

BUDGET = 5_000_000
"""Most requests of one simulated run unless an option raises it."""


@dataclass(frozen=True)
class Scenario:
    """A checked scenario. Two are equal when they say the same, wherever they were read from."""

    document: ScenarioDocument
    source: Path | None = field(default=None, compare=False)
    trace: Trace | None = field(default=None, compare=False, repr=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)
    files: Files = field(default=Files(None), compare=False, repr=False)

    @classmethod
    def from_text(cls, text: str, name: str = "<text>", *, allow_files: bool = False) -> Scenario:
        """Return the scenario that a text says; it may name files, in the current folder, only when allowed.

        Raises:
            ScenarioError: with all its problems.
        """
        files = Files(Path.cwd() if allow_files else None)
        return cls._of(documents.read(text.encode(errors="surrogatepass"), name), files)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], name: str = "<scenario>", *, folder: Path | None = None) -> Scenario:
        """Return the scenario that plain values say, as `as_dict` returns them.

        Raises:
            ScenarioError: with all its problems.
        """
        return cls._of(Document(name, data=_plain(data)), Files(folder))

    def replace(self, path: str, value: Any) -> Scenario:
        """Return the scenario with another value at a path such as spec.traffic.rate; text is read as YAML.

        Raises:
            ScenarioError: the path does not exist, or the scenario with the value is not valid.
        """
        data = assigned(self.as_dict(), path, value)
        return self._of(Document(str(self.source or self.name), data=data), self.files, self.source)

    def as_dict(self) -> dict[str, Any]:
        """Return the plain values of a file that says this."""
        return self.document.as_written()

    def dump(self) -> str:
        """Return the scenario as YAML; loading it gives an equal scenario."""
        return documents.write(self.as_dict())

    def resolved(self) -> dict[str, Any]:
        """Return plain values with every default and inherited key filled in."""
        data: dict[str, Any] = self.document.model_dump(mode="json", by_alias=True)
        for name, service in self.services.items():
            versions = data["spec"]["services"][name]["versions"]
            for version in service.versions:
                versions[version] = service.resolved(version).model_dump(
                    mode="json", by_alias=True, exclude={"name", "service"}
                )
        return data

    def digest(self) -> str:
        """Return the SHA-256 of the resolved scenario and its trace: the same for the same simulation."""
        digest = hashlib.sha256(json.dumps(self.resolved(), ensure_ascii=False).encode())
        if self.trace is not None:
            for column in self.trace.columns():
                digest.update(column.tobytes())
        return digest.hexdigest()

    def without_release(self) -> Scenario:
        """Return the scenario in which nothing is deployed and the old version stays; everything else runs."""
        services = dict(self.services)
        if self.release is not None:
            # Without a release a service runs its first version.
            service = services[self.release.service]
            old = self.release.from_version
            versions = FrozenMapping({old: service.versions[old], **service.versions})
            services[self.release.service] = service.model_copy(update={"versions": versions})
        nothing = FrozenMapping({"none": NoRelease()})
        services_by_name = FrozenMapping(services)
        return self._with(release=None, strategies=nothing, services=services_by_name, operations=(), expect=())

    def with_good_release(self) -> Scenario:
        """Return the scenario in which the new version, and any that is applied later, behaves as the old one."""
        if self.release is None:
            return self
        service = self.services[self.release.service]
        new = (self.release.to_version, *(each.version for each in self.operations if each.version is not None))
        versions = {**service.versions, **dict.fromkeys(new, service.versions[self.release.from_version])}
        changed = service.model_copy(update={"versions": FrozenMapping(versions)})
        return self._with(services=FrozenMapping({**self.services, self.release.service: changed}))

    def expected_requests(self) -> float:
        """Return the number of user requests that one run is expected to have, warm-up included."""
        if self.trace is not None:
            return len(self.trace.at_seconds) * self.trace.kept
        if self.traffic.closed_loop is not None:
            return self.traffic.closed_loop.most_requests(self.warmup + self.duration)
        return self.traffic.expected_requests(-self.warmup, self.duration)

    def check_budget(self, limit: float = BUDGET) -> None:
        """Refuse a scenario whose run would be too long.

        Raises:
            BudgetError: with the number of requests.
        """
        expected = self.expected_requests()
        if expected > limit:
            raise BudgetError(
                f"{self.name}: a run has about {expected:,.0f} requests; the budget is {limit:,.0f}. "
                "Lower spec.traffic or spec.duration, or raise the budget."
            )

    @classmethod
    def _of(cls, document: Document, files: Files, source: Path | None = None) -> Scenario:
        checked = check(document, files)
        return cls(checked.model, source, checked.trace, checked.warnings, files)

    def _with(self, **changes: Any) -> Scenario:
        spec = self.spec.model_copy(update=changes)
        return replace(self, document=self.document.model_copy(update={"spec": spec}))

    @property
    def metadata(self) -> Metadata:
        """Return what the scenario is called and what it teaches."""
        return self.document.metadata

    @property
    def name(self) -> str:
        """Return metadata.name."""
        return self.metadata.name

    @property
    def spec(self) -> Spec:
        """Return the simulation."""
        return self.document.spec

    @property
    def duration(self) -> float:
        """Return spec.duration in seconds."""
        return self.spec.duration

    @property
    def warmup(self) -> float:
        """Return spec.warmup in seconds."""
        return self.spec.warmup

    @property
    def seed(self) -> int:
        """Return spec.seed."""
        return self.spec.seed

    @property
    def objectives(self) -> Objectives:
        """Return spec.objectives."""
        return self.spec.objectives

    @property
    def users(self) -> Users:
        """Return spec.users."""
        return self.spec.users

    @property
    def traffic(self) -> Traffic:
        """Return spec.traffic, its entry filled in."""
        return self.spec.traffic

    @property
    def services(self) -> Mapping[str, Service]:
        """Return spec.services, in the order of the file."""
        return self.spec.services

    @property
    def cluster(self) -> Cluster | None:
        """Return spec.cluster, None for room without limit."""
        return self.spec.cluster

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Return spec.incidents, in the order of the file."""
        return self.spec.incidents

    @property
    def mesh(self) -> Mesh | None:
        """Return spec.mesh, None for plain Kubernetes."""
        return self.spec.mesh

    @property
    def monitoring(self) -> Monitoring:
        """Return spec.monitoring, with its defaults where the file has none."""
        return self.spec.monitoring

    @property
    def release(self) -> Release | None:
        """Return spec.release, None for a plain run."""
        return self.spec.release

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Return spec.operations, in the order of the file."""
        return self.spec.operations

    @property
    def strategies(self) -> Mapping[str, StrategySpec]:
        """Return spec.strategies, in the order of the file; only `none` without a release."""
        return self.spec.strategies

    @property
    def expect(self) -> tuple[Expectation, ...]:
        """Return the expect lines, parsed."""
        return tuple(expectation.parse(line) for line in self.spec.expect)


def load(path: str | Path, *, trace_dir: str | Path | None = None) -> Scenario:
    """Return the scenario of a file; files that it names lie in its folder, or in `trace_dir`.

    Raises:
        ScenarioError: with all its problems, each with line and column.
    """
    source = Path(path)
    files = Files(source.parent, Path(trace_dir) if trace_dir is not None else None)
    return Scenario._of(documents.read(_content(source), str(path)), files, source)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(documents.MOST_BYTES + 1)
    except FileNotFoundError:
        message = "does not exist; must be a scenario file"
    except IsADirectoryError:
        message = "is a folder; must be a scenario file"
    except (OSError, ValueError) as error:
        message = f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"
    raise ScenarioError([Problem(str(path), 0, 0, "", message)])


def _plain(value: Any) -> Any:
    """Return mappings as dicts and tuples as lists, as a file would give them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
