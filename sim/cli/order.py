"""What a command was asked to do, and how its options are written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sim.errors import UsageError

if TYPE_CHECKING:
    from sim.scenario import Scenario

EngineKind = Literal["compiled", "reference"]


@dataclass(frozen=True)
class Order:
    """One `run` or `compare`: everything its options said. strategies empty: all of the file."""

    scenarios: tuple[str, ...]
    strategies: tuple[str, ...]
    seed: int | None
    replications: int
    changes: tuple[str, ...]
    engine: EngineKind
    as_json: bool
    out: Path | None
    quiet: bool
    max_requests: int
    is_run: bool
    """`run`: one strategy, told in detail."""


def change(scenario: Scenario, changes: tuple[str, ...]) -> Scenario:
    """Return the scenario with each `path=value` of `--set` in place, validated again."""
    for text in changes:
        path, equals, value = text.partition("=")
        if not equals or not path:
            raise UsageError(f"--set {text}: must be path=value, such as spec.traffic.rate=500rps")
        scenario = scenario.replace(path.strip(), _value(value.strip()))
    return scenario


def _value(text: str) -> Any:
    """Return what the text is in JSON (a number, a list, ...), else the text itself: 500rps needs no quotes."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def make_folder(out: Path) -> None:
    """Make the folder of `--out` before any work is done for it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}") from error


def names(text: str) -> tuple[str, ...]:
    """Return the names of a comma-separated list, each once."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


Scenarios = Annotated[
    list[str], typer.Argument(metavar="SCENARIO", help="Files, a folder of them, or names of built-in scenarios.")
]
Strategy = Annotated[str, typer.Option(metavar="NAME", help="The strategy to run; may be left out where there is one.")]
Strategies = Annotated[str, typer.Option(metavar="A,B", help="Only these strategies, in this order.")]
Seed = Annotated[int | None, typer.Option(min=0, max=2**64 - 1, help="Instead of the scenario's own seed.")]
Replications = Annotated[int, typer.Option(min=1, max=10_000, help="Independent repetitions; above 1 with intervals.")]
Changes = Annotated[
    list[str],
    typer.Option("--set", metavar="PATH=VALUE", help="Change a key, e.g. spec.traffic.rate=500rps; may be repeated."),
]
Engine = Annotated[EngineKind, typer.Option(help="Both give the same answer; reference is slow and readable.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Write frames, events, figures and a manifest there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no remarks; errors are still said.")]
MaxRequests = Annotated[int, typer.Option(min=1, help="Refuse a scenario whose one run would draw more.")]
