"""What `run`, `compare` and a batch print for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sim.cli.show import Column, show_line, show_table
from sim.cli.values import NOTHING, shown
from sim.fields import FIELDS
from sim.summary import clock, safest_first

if TYPE_CHECKING:
    from sim.cli.results import Result
    from sim.comparison import Comparison
    from sim.record import Decision, Event

COLUMNS: Mapping[str, str] = {
    "outcome": "outcome",
    "excess_failed_requests": "failed more",
    "users_affected_fraction": "users affected",
    "peak_exposure_fraction": "peak exposure",
    "time_to_detect_seconds": "detected",
    "time_to_mitigate_seconds": "mitigated",
    "time_to_recover_seconds": "recovered",
    "delivery_seconds": "delivery",
}
"""Fields of the comparison's table and their headings."""
LEGEND = (
    "failed more: failed requests beyond those of the same run without the release. "
    "detected, mitigated, recovered: time since the first harm, until the end of the run where it never came. "
    "delivery: how long a good release takes."
)
TOLD_FIRST = ("outcome", "outcome_reason")
UNTOLD_SOURCES = ("pod",)
"""The life of single pods is in `pods`; the story would drown in it."""
UNTOLD_KINDS = ("pause",)
"""The step before it says the same."""


def tell_comparison(comparison: Comparison) -> None:
    """Print one row per strategy, safest first."""
    document = comparison.to_json()
    columns = [Column("strategy"), *_value_columns()]
    show_table(_title(comparison), columns, [_row(entry) for entry in safest_first(document["strategies"])])
    show_line(LEGEND)


def tell_batch(results: Iterable[Result]) -> None:
    """Print one row per scenario and strategy."""
    columns = [Column("scenario"), Column("strategy"), *_value_columns()]
    rows = [[result.name, *_row(entry)] for result in results for entry in safest_first(result.document["strategies"])]
    if rows:
        show_table(f"{len(rows)} results", columns, rows)
        show_line(LEGEND)


def tell_run(comparison: Comparison) -> None:
    """Print how one rollout went: its story, its decisions, the damage."""
    (name, run), *_ = comparison.runs.items()
    record = run.record
    show_line(f"{_title(comparison)}: {name}")
    show_line(f"{record.outcome}: {record.outcome_reason}" if record.outcome_reason else record.outcome)
    show_line()
    show_table("Story", [Column("at", "right"), Column("who"), Column("what")], _story(record.events))
    show_line()
    if record.decisions:
        _tell_decisions(record.decisions)
        show_line()
    (entry,) = comparison.to_json()["strategies"]
    rows = [
        [field, shown(field, entry[field]), FIELDS[field].description] for field in FIELDS if field not in TOLD_FIRST
    ]
    show_table("Damage", [Column("field"), Column("value", "right"), Column("meaning")], rows)


def _value_columns() -> list[Column]:
    return [Column(title, "left" if field == "outcome" else "right") for field, title in COLUMNS.items()]


def _title(comparison: Comparison) -> str:
    document = comparison.to_json()
    metadata = comparison.scenario.metadata
    title = metadata.title.get("en") or next(iter(metadata.title.values()), "")
    count = document["replications"]
    how = f"seed {document['seed']}" + (
        f", {count} replications: mean ± half of the 95 % interval" if count > 1 else ""
    )
    return f"{metadata.name}: {title} ({how})" if title else f"{metadata.name} ({how})"


def _row(entry: Mapping[str, Any]) -> list[str]:
    return [entry["strategy"], *(shown(field, entry[field]) for field in COLUMNS)]


def _story(events: Iterable[Event]) -> list[list[str]]:
    told = [event for event in events if event.source not in UNTOLD_SOURCES and event.kind not in UNTOLD_KINDS]
    before = [None, *told]
    return [
        [clock(event.at_seconds), event.source, _sentence(event, last)]
        for event, last in zip(told, before, strict=False)
    ]


def _sentence(event: Event, last: Event | None) -> str:
    """Return an event in words, without the reason that has just been told."""
    if event.kind == "outcome":
        return event.subject if event.subject == "rolled_back" else f"{event.subject}: {event.message}"
    if event.kind == "undo":
        ends = last is not None and last.source == event.source == "analysis" and last.at_seconds == event.at_seconds
        return "Undoes the release." if ends else f"Undoes the release. {event.message}"
    return event.message


def _tell_decisions(decisions: Iterable[Decision]) -> None:
    columns = [Column("at", "right"), Column("judge"), Column("metric"), Column("value", "right")]
    columns += [Column("samples", "right"), Column("verdict"), Column("why")]
    same = groupby(decisions, key=lambda decision: (decision.judge, decision.metric, decision.verdict))
    rows = [_decision(list(alike)) for _, alike in same]
    show_table("Decisions", columns, rows)


def _decision(alike: Sequence[Decision]) -> list[str]:
    """Return one line for decisions in a row that say the same: the first, and how many more."""
    first, more = alike[0], len(alike) - 1
    value = NOTHING if math.isnan(first.value) else f"{first.value:.4g}"
    why = f"{first.reason} (and {more} more)" if more else first.reason
    return [clock(first.at_seconds), first.judge, first.metric, value, f"{first.samples:,}", first.verdict, why]
