"""What a strategy does with users: divide them by weight or match, copy their requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.cluster.arithmetic import FULL_WEIGHT
from sim.cluster.clock import Steps
from sim.cluster.replica_set import ReplicaSet
from sim.cluster.world import World
from sim.engine.protocol import Route
from sim.spec.strategy import SegmentMatch
from sim.strategies.deployment_verbs import DeploymentVerbs
from sim.strategies.story import Story

if TYPE_CHECKING:
    from sim.spec.header_match import HeaderMatch

DIGITS = 9
"""A weight is what it was after something was added and taken away again."""


class UserVerbs(DeploymentVerbs):
    """The verbs for users, on top of those for pods: where pods make the share, users follow them."""

    def __init__(self, world: World, story: Story) -> None:
        super().__init__(world, story)
        self._is_by_pods = story.shares_by_pods(world.scenario.mesh is not None)
        self._is_sticky = self._keeps = False
        self._match: tuple[tuple[int, int], ...] = ()
        self._mirror: tuple[int, float] | None = None
        self._extra = self._asked_for_another = 0.0

    @property
    def is_by_pods(self) -> bool:
        """True when the share of users follows the pods."""
        return self._is_by_pods

    @property
    def weight(self) -> float:
        """Return the percent of users asked for the candidate."""
        if self.releases_another:
            return self._asked_for_another
        return round(self._of_new_version(self.world.traffic.requested_weight) - self._extra, DIGITS)

    def set_weight(self, weight: float) -> None:
        """Ask for `weight` percent of the users to go to the candidate."""
        self.say("weight", self.candidate.version, f"Asks for {weight:g} % of the users on {self.candidate.version}.")
        self._ask(weight)

    def share_extra(self, percent: float) -> bool:
        """Give the candidate so many percent on top of its weight, for an experiment; return whether that is new."""
        if percent == self._extra:
            return False
        weight, self._extra = self.weight, percent
        version = self.candidate.version
        self.say("weight", version, f"Asks for {percent:g} % of the users on {version} on top, for an experiment.")
        self._ask(weight)
        return True

    def match(self, segments: Sequence[SegmentMatch]) -> None:
        """Send all requests of these segments, and no longer of others, to the candidate."""
        names = list(self.world.scenario.users.segments)
        self._match = tuple((names.index(match.segment), self.candidate.number) for match in segments)
        who = ", ".join(match.segment for match in segments) or "nobody"
        self.say("match", self.candidate.version, f"Sends {who} to {self.candidate.version} by match.")
        self._ask(self.weight)

    def match_headers(self, matches: Sequence[HeaderMatch]) -> None:
        """Send all requests of the segments that carry one of these headers, and no longer of others, there."""
        segments = self.world.scenario.users.segments
        meant = [name for name, segment in segments.items() if any(match.fits(segment.headers) for match in matches)]
        self.match([SegmentMatch(segment=name) for name in meant])

    def percent_of_users(self, segments: Sequence[SegmentMatch]) -> float:
        """Return the percentage of all users that these segments are."""
        users = self.world.scenario.users
        counts = dict(zip(users.segments, users.segment_counts(), strict=True))
        return FULL_WEIGHT * sum(counts[match.segment] for match in segments) / users.count

    def mirror(self, percent: float) -> None:
        """Copy `percent` of the user requests to the candidate; 0 ends it."""
        self._mirror = (self.candidate.number, percent) if percent > 0 else None
        self.say(
            "mirror",
            self.candidate.version,
            f"Asks for copies of {percent:g} % of the requests to {self.candidate.version}.",
        )
        self._ask(self.weight)

    def stick_to_users(self, is_one_sided: bool = False) -> None:
        """Let a weight divide users, not requests: raising it only moves users to the candidate.

        is_one_sided: only the candidate keeps its users; each request of another user is divided anew.
        """
        self._is_sticky, self._keeps = not is_one_sided, is_one_sided

    def await_route(self) -> Steps:
        """Wait until the route asked for is in force."""
        if not self.world.traffic.is_in_force:
            yield self.world.traffic.in_force()

    def release_another(self, version: str, is_promoted: bool) -> ReplicaSet:
        """Let another version be the candidate, without the routes of the one before; return the pods that leave."""
        self._match, self._mirror = (), None
        return super().release_another(version, is_promoted)

    def _ask(self, weight: float) -> None:
        total = weight + self._extra
        self._asked_for_another = weight
        if self._is_by_pods:
            self.world.traffic.note(self._of_new_version(total))
        else:
            self.world.traffic.request(self._route(total), self._of_new_version(total))

    def _of_new_version(self, weight: float) -> float:
        """Return the weight of the release's new version, given the candidate's, and the other way round."""
        if self.releases_another:
            return 0.0
        return weight if self.candidate.number == self.world.candidate else FULL_WEIGHT - weight

    def _route(self, weight: float) -> Route:
        weights = ((self.candidate.number, weight), (self.stable.number, FULL_WEIGHT - weight))
        return Route(
            weights=weights,
            match=self._match,
            mirror=self._mirror,
            sticky=self._is_sticky,
            keeps=self.candidate.number if self._keeps else -1,
        )
