"""The probes that restart a container: startup until it has begun to answer, liveness from then on."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from sim.spec.model import Model
from sim.units import PositiveSeconds, Quantity, Seconds


class RestartProbe(Model):
    """Asked every period whether the application answers; after failures in a row the container is restarted.

    An application answers from the end of its start-up on, however busy it is, except while a fault says neverLive.
    """

    not_simulated: ClassVar[tuple[str, ...]] = (
        "httpGet", "exec", "tcpSocket", "grpc", "timeoutSeconds", "successThreshold", "terminationGracePeriodSeconds"
    )  # fmt: skip

    initial_delay_seconds: Seconds = Field(0.0, description="From the start of the container to the first probe.")
    period_seconds: PositiveSeconds = Field(10.0, description="Between two probes.")
    failure_threshold: Annotated[int, Quantity("count", low=1, high=10_000)] = Field(
        3, description="Failures in a row that restart the container."
    )
