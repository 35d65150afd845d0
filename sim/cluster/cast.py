"""Who is who in a run: the versions that have pods at some time, and the part each of them plays."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sim.cluster.primary import updated_primary
from sim.spec.service import ResolvedVersion

if TYPE_CHECKING:
    from sim.scenario import Scenario


class Cast(NamedTuple):
    """Versions by number, as the data plane counts them.

    service: the released service, else the entry. at_first: versions that run before the release. applied: those that
    operations apply later. primary: the primary's pods of the new version; baseline: fresh pods of the old one; each a
    version of its own to the data plane.
    """

    versions: tuple[ResolvedVersion, ...]
    at_first: tuple[int, ...]
    applied: range
    service: str
    stable: int
    candidate: int | None
    primary: int | None
    baseline: int | None

    def number(self, version: str) -> int:
        """Return the number of a version of the released service."""
        return number_of(self.versions, self.service, version)

    @property
    def apart(self) -> tuple[int, int] | None:
        """Return the pods that are a version of their own to the data plane alone, and the version that they run."""
        if self.primary is not None and self.candidate is not None:
            return self.primary, self.candidate
        return None if self.baseline is None else (self.baseline, self.stable)


def cast_of(scenario: Scenario, has_primary: bool, has_baseline: bool) -> Cast:
    """Return who is who in a scenario, under a strategy that has a primary, or a baseline, or neither."""
    release = scenario.release
    running, applied = running_versions(scenario), applied_versions(scenario)
    versions = [*running, *applied]
    service = release.service if release else versions[0].service
    stable = number_of(running, service, release.from_version if release else versions[0].name)
    candidate = number_of(running, service, release.to_version) if release else None
    primary = baseline = None
    if candidate is not None and has_primary:
        primary = len(versions)
        versions.append(updated_primary(versions[stable], versions[candidate]))
    if candidate is not None and has_baseline:
        baseline = len(versions)
        versions.append(versions[stable])
    at_first = tuple(number for number in range(len(running)) if number != candidate)
    later = range(len(running), len(running) + len(applied))
    return Cast(tuple(versions), at_first, later, service, stable, candidate, primary, baseline)


def number_of(versions: tuple[ResolvedVersion, ...], service: str, version: str) -> int:
    """Return the number of a version of a service."""
    return next(number for number, each in enumerate(versions) if (each.service, each.name) == (service, version))


def running_versions(scenario: Scenario) -> tuple[ResolvedVersion, ...]:
    """Return every version that has pods at some time, by number: the entry service's first, the old before the new.

    A service that is not released runs its first version.
    """
    release = scenario.release
    entry = scenario.traffic.entry or next(iter(scenario.services))
    names = [entry, *(name for name in scenario.services if name != entry)]
    versions: list[ResolvedVersion] = []
    for name in names:
        service = scenario.services[name]
        if release is not None and release.service == name:
            versions += [service.resolved(release.from_version), service.resolved(release.to_version)]
        else:
            versions.append(service.resolved(next(iter(service.versions))))
    return tuple(versions)


def applied_versions(scenario: Scenario) -> tuple[ResolvedVersion, ...]:
    """Return the versions of the released service that an operator applies later, beyond the two of the release."""
    release = scenario.release
    if release is None:
        return ()
    known = (None, release.from_version, release.to_version)
    names = dict.fromkeys(each.version for each in scenario.operations if each.version not in known)
    service = scenario.services[release.service]
    return tuple(service.resolved(name) for name in names if name is not None)
