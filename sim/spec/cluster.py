"""How much room there is for pods: nodes, and a quota."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field, model_validator

from sim.spec.model import Model
from sim.units import Quantity

MOST_PODS = 1_000_000
MOST_NODES = 5_000
"""Source: Kubernetes docs, Considerations for large clusters."""
PODS_PER_NODE = 110
"""Source: Kubernetes kubelet, --max-pods."""

Pods = Annotated[int, Quantity("count", low=1, high=MOST_PODS)]


class Nodes(Model):
    """Equal nodes, called node-1, node-2 and so on."""

    count: Annotated[int, Quantity("count", low=1, high=MOST_NODES)] = Field(description="How many nodes there are.")
    pods: Pods = Field(PODS_PER_NODE, description="Pods that one node takes; more wait (Pending) until one has gone.")

    @property
    def names(self) -> list[str]:
        """Return the names of the nodes, in order."""
        return node_names(self.count)


class ResourceQuota(Model):
    """What the services of the scenario may use together."""

    pods: Pods = Field(
        description="Pods that may exist at once, leaving ones included; more are not created until then."
    )


class Cluster(Model):
    """The cluster that the services share; what is left out is without limit."""

    nodes: Nodes | None = Field(None, description="The nodes that pods are placed on.")
    resource_quota: ResourceQuota | None = Field(None, description="A limit on the number of pods.")

    @property
    def room(self) -> float:
        """Return how many pods there is room for."""
        quota = self.resource_quota.pods if self.resource_quota else math.inf
        return min(quota, self.nodes.count * self.nodes.pods if self.nodes else math.inf)

    @model_validator(mode="after")
    def _limits_something(self) -> Cluster:
        if self.nodes is None and self.resource_quota is None:
            raise ValueError("limits nothing; must have nodes or resourceQuota")
        return self


def node_names(count: int) -> list[str]:
    """Return the names of so many nodes, in order."""
    return [f"node-{number}" for number in range(1, count + 1)]
