"""What a strategy does with pods: ask for them, exchange them, wait for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from sim.cluster.clock import STRATEGY, Steps
from sim.cluster.controller import Controller
from sim.cluster.deployment import RollingUpdate
from sim.cluster.progress import ProgressDeadline
from sim.cluster.replica_set import ReplicaSet
from sim.cluster.world import World
from sim.strategies.story import Story
from sim.units import IntOrPercent, format_duration

Size: TypeAlias = Callable[[int], int]
"""How many pods a set has, as a function of the count that is wanted of its service."""
Why: TypeAlias = str | Callable[[ReplicaSet], str]
"""The reason for other sizes, one for all sets or one for each."""


def everything(wanted: int) -> int:
    """Return all of it: the size of a set that carries all users."""
    return wanted


class PodVerbs:
    """The verbs for pods. stable: the old version's; candidate: the new one's."""

    def __init__(self, world: World, story: Story) -> None:
        self.world = world
        self.story = story
        self.stable = world.replica_sets[world.stable]
        # In a plain run nothing is released, and nothing asks for the candidate.
        self.candidate = world.replica_sets[world.stable if world.candidate is None else world.candidate]
        self._stalled: str | None = None
        self._scale_downs = 0
        self._sizes: dict[ReplicaSet, Size] = {self.stable: everything}
        self._controller: Controller | None = None
        self._is_controlled = False

    @property
    def now(self) -> float:
        """Return seconds since the release started."""
        return self.world.now

    @property
    def has_changed_roles(self) -> bool:
        """True when the release goes back: the old version is the candidate, the new one the stable one."""
        return self.world.candidate is not None and self.candidate.number == self.world.stable

    def change_roles(self) -> None:
        """Let the old version be released in place of the new one, in the same way."""
        self.candidate, self.stable = self.stable, self.candidate

    @property
    def releases_another(self) -> bool:
        """True when neither the candidate nor the stable version is the new one of the scenario's release."""
        return self.world.candidate is not None and self.world.candidate not in (
            self.candidate.number,
            self.stable.number,
        )

    def release_another(self, version: str, is_promoted: bool) -> ReplicaSet:
        """Let another version be the candidate, and the one before it stable if it was promoted; return who leaves."""
        leaving = self.stable if is_promoted else self.candidate
        if is_promoted:
            self.stable = self.candidate
        wanted = self.stable.wanted
        self.candidate = self.world.replica_set_of(version)
        if self.candidate.wanted != wanted:
            # The count is no part of a template.
            self.world.wanted.change(self.now, self.world.service, wanted)
        self._sizes = {self.stable: everything}
        return leaving

    @property
    def is_controlled(self) -> bool:
        """True while the story waits for a controller that looks at every change itself."""
        return self._is_controlled

    def say(self, kind: str, subject: str, message: str) -> None:
        """Record what the strategy does, and why, in one sentence."""
        self.world.log(self.story.kind, kind, subject, message)

    def full(self, replica_set: ReplicaSet) -> int:
        """Return how many pods a set has when it carries all users."""
        return replica_set.wanted

    def scale(self, replica_set: ReplicaSet, size: int | Size, why: str) -> None:
        """Ask for so many pods of a set, from now on: a size that depends on the wanted count follows it."""
        self._controller = None
        self._sizes[replica_set] = (lambda _: size) if isinstance(size, int) else size
        self._resize(replica_set, self._sizes[replica_set](replica_set.wanted), why)

    def follow_wanted(self, why: str) -> None:
        """Bring every set to the size that follows from another wanted count."""
        if self._controller is None:
            for replica_set, size in self._sizes.items():
                self._resize(replica_set, size(replica_set.wanted), why)
        else:
            self._reconcile(self._controller, why)
            if not self._is_controlled:
                self.world.env.process(self._go_on_reconciling(self._controller, why))

    def another_set(self, like: ReplicaSet, name: str) -> ReplicaSet:
        """Return a new set of the same version, without pods, that carries a name."""
        made = self.world.another_set(like)
        made.name = f"{like.name}-{name}"
        return made

    def resize(self, replica_set: ReplicaSet, replicas: int, why: str) -> None:
        """Give a set so many pods, whatever is wanted of the service."""
        self._resize(replica_set, replicas, why)

    def await_sets(self, sets: Sequence[ReplicaSet]) -> Steps:
        """Wait until every pod of these sets is available."""
        yield from self._await(lambda: all(each.available == each.replicas for each in sets), sets[0])

    def _resize(self, replica_set: ReplicaSet, replicas: int, why: str) -> None:
        before = replica_set.replicas
        if replicas == before:
            return
        self.say("scale", replica_set.version, f"Scales {replica_set.version} from {before} to {replicas} pods: {why}.")
        replica_set.scale(replicas, why)

    def await_available(self, replica_set: ReplicaSet) -> Steps:
        """Wait until every pod asked for is available."""
        yield from self._await(lambda: replica_set.available == replica_set.replicas, replica_set)

    def await_ready(self, replica_set: ReplicaSet) -> Steps:
        """Wait until every pod asked for is ready."""
        yield from self._await(lambda: replica_set.ready == replica_set.replicas, replica_set)

    def stop(self, replica_set: ReplicaSet, why: str) -> Steps:
        """Delete all pods of a set and wait until none is left."""
        self.scale(replica_set, 0, why)
        yield from self._await(lambda: replica_set.existing == 0, self._other(replica_set))

    def scale_and_wait(self, replica_set: ReplicaSet, size: int | Size, why: str) -> Steps:
        """Ask for so many pods of a set and wait until they are available."""
        self.scale(replica_set, size, why)
        yield from self.await_available(replica_set)

    def scale_to_full(self, replica_set: ReplicaSet, why: str) -> Steps:
        """Ask for all the pods that carry all users and wait until they are available."""
        yield from self.scale_and_wait(replica_set, everything, why)

    def scale_down_later(self, replica_set: ReplicaSet, delay: float, why: str) -> None:
        """Delete a set's pods after `delay`, unless the release is undone before; until then their number stays."""
        valid, left = self._scale_downs, replica_set.replicas
        self._sizes[replica_set] = lambda _: left

        def scale_down() -> None:
            if valid == self._scale_downs:
                self.scale(replica_set, 0, why)

        self.world.env.call(self.now + delay, STRATEGY, 0, scale_down)

    def exchange(self, new: ReplicaSet, max_surge: IntOrPercent, max_unavailable: IntOrPercent) -> Steps:
        """Replace the pods of the other set by those of `new`, a few at a time."""
        controller = RollingUpdate(self._other(new), max_surge, max_unavailable)
        controller.target = new
        yield from self._control(controller, new)

    def _control(self, controller: Controller, new: ReplicaSet) -> Steps:
        why = "within surge and unavailability"
        self._controller, self._is_controlled = controller, True
        try:
            yield from self._await(lambda: self._reconcile(controller, why), new)
        finally:
            self._is_controlled = False

    def _go_on_reconciling(self, controller: Controller, why: str) -> Steps:
        """Follow a changed count until the sets have their sizes, or until somebody else moves them."""
        while controller is self._controller and not self._is_controlled and not self._reconcile(controller, why):
            yield self.world.changed()

    def _reconcile(self, controller: Controller, why: Why) -> bool:
        """Take every step that is possible now; return whether nothing is left to move or to wait for."""
        moved = True
        while moved:
            sizes = controller.sizes()
            moved = any(size != replica_set.replicas for replica_set, size in sizes.items())
            for replica_set, size in sizes.items():
                self._resize(replica_set, size, why if isinstance(why, str) else why(replica_set))
        return controller.is_done()

    def _await(self, is_done: Callable[[], bool], new: ReplicaSet) -> Steps:
        """Wait until `is_done`, looked at whenever a pod has changed; report when that makes no progress."""
        deadline = ProgressDeadline(self.world, new, self._other(new), lambda seconds: self._stall(new, seconds))
        try:
            while not is_done():
                yield self.world.changed()
                deadline.look()
            self._stalled = None
        finally:
            deadline.stop()

    def _stall(self, new: ReplicaSet, seconds: float) -> None:
        old = self._other(new)
        missing = f"{new.replicas - new.available} of {new.replicas} pods of {new.version} are not available"
        if new.replicas == new.available:
            missing = f"{old.existing} pods of {old.version} have not left"
        message = f"No progress for {format_duration(seconds)}: {missing}."
        self.world.detect(self.now)
        self.say("deadline", new.version, message)
        self._stalled = message

    def _other(self, replica_set: ReplicaSet) -> ReplicaSet:
        return self.stable if replica_set is self.candidate else self.candidate
