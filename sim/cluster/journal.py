"""What a run writes down as it goes."""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.record import Decision, Event


@dataclass
class Journal:
    """Append-only: what happened, how judges and alerts looked, and when somebody or something noticed."""

    events: list[Event] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    detections: list[float] = field(default_factory=list)
