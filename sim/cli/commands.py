"""The commands and their options; each body says what it does by calling what does it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from sim import __version__
from sim.cli.endings import INTERRUPTED, exit_codes, finish, say
from sim.cli.order import (
    AsJson,
    Changes,
    Engine,
    MaxRequests,
    Order,
    Out,
    Quiet,
    Replications,
    Scenarios,
    Seed,
    Strategies,
    Strategy,
    change,
    make_folder,
    names,
)
from sim.cli.show import Column, show_line, show_table
from sim.cli.sources import find_scenarios, is_scenario

MOST_REQUESTS = 5_000_000
FIRST_PORT = 8501

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        show_line(f"rollsim {__version__}")
        raise typer.Exit


@app.callback()
def rollsim(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it and exit.")
    ] = False,
) -> None:
    """What would a bad release have done to the users, under each way of deploying it?"""


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal of another encoding shows a substitute for a sign that it lacks; it must not stop the command.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    app(prog_name="rollsim")


@app.command()
def run(
    scenario: Scenarios,
    strategy: Strategy = "",
    seed: Seed = None,
    replications: Replications = 1,
    changes: Changes = [],  # noqa: B006 - Typer's way of saying none
    engine: Engine = "compiled",
    as_json: AsJson = False,
    out: Out = None,
    quiet: Quiet = False,
    max_requests: MaxRequests = MOST_REQUESTS,
) -> None:
    """One strategy: progress, decisions, damage."""
    how = (seed, replications, tuple(changes), engine, as_json, out, quiet, max_requests)
    _carry_out(Order(tuple(scenario), names(strategy), *how, is_run=True))


@app.command()
def compare(
    scenario: Scenarios,
    strategies: Strategies = "",
    seed: Seed = None,
    replications: Replications = 5,
    changes: Changes = [],  # noqa: B006 - Typer's way of saying none
    engine: Engine = "compiled",
    as_json: AsJson = False,
    out: Out = None,
    quiet: Quiet = False,
    max_requests: MaxRequests = MOST_REQUESTS,
) -> None:
    """Every strategy of the file, same traffic and same luck: one row each."""
    how = (seed, replications, tuple(changes), engine, as_json, out, quiet, max_requests)
    _carry_out(Order(tuple(scenario), names(strategies), *how, is_run=False))


@app.command()
def validate(paths: Scenarios, as_json: AsJson = False) -> None:
    """Errors of scenario files, each as file:line:column."""
    from sim.cli.check import check_all

    with exit_codes():
        finish(check_all(paths, as_json))


@app.command()
def explain(
    what: Annotated[
        str, typer.Argument(metavar="SCENARIO|FIELD", help="A scenario, or a key such as spec.traffic.rate.")
    ],
    changes: Changes = [],  # noqa: B006 - Typer's way of saying none
) -> None:
    """What will happen when, without running it; or what a key of a scenario means."""
    with exit_codes():
        show_line(_explanation(what, tuple(changes)).rstrip("\n"))


@app.command("list")
def list_scenarios(as_json: AsJson = False) -> None:
    """The built-in scenarios."""
    with exit_codes():
        from sim.cli.builtin import described

        entries = described()
        if as_json:
            _print_json({"schema_version": 1, "scenarios": entries})
        else:
            columns = [Column("name"), Column("title"), Column("strategies")]
            rows = [[entry["name"], entry["title"], ", ".join(entry["strategies"])] for entry in entries]
            show_table("Built-in scenarios", columns, rows)


@app.command()
def schema() -> None:
    """The JSON schema of scenario files, for editors."""
    from sim.resources import schema_file

    with exit_codes():
        show_line(schema_file().read_text(encoding="utf-8").rstrip("\n"))


@app.command()
def ui(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help=f"By default the first free one from {FIRST_PORT}.")
    ] = None,
    lan: Annotated[bool, typer.Option("--lan", help="Let other machines of this network see it, as in class.")] = False,
) -> None:
    """The application, in the browser."""
    from sim.cli.serve import serve

    with exit_codes():
        serve(port, FIRST_PORT, lan)


def _carry_out(order: Order) -> None:
    with exit_codes():
        paths = find_scenarios(order.scenarios)
        if order.out:
            make_folder(order.out)
        is_batch = len(order.scenarios) > 1 or Path(order.scenarios[0]).is_dir()
        finish(_many(order, paths) if is_batch else _one(order, paths[0]))


def _one(order: Order, path: Path) -> int:
    from sim.cli.results import result_of
    from sim.cli.study import prepare, report_expectations
    from sim.cli.tell import tell_comparison, tell_run
    from sim.output import join_summaries

    result = result_of(order, prepare(order, path))
    assert result.comparison is not None
    if order.as_json:
        _print_json(result.document)
    elif order.is_run:
        tell_run(result.comparison)
    else:
        tell_comparison(result.comparison)
    if order.out:
        join_summaries(order.out, [order.out / result.name])
        if not order.quiet:
            say(f"written to {order.out / result.name}")
    code = report_expectations(result.name, result.expectations)
    if result.is_partial:
        say(f"interrupted: {result.document['replications']} of {order.replications} replications are finished")
    return INTERRUPTED if result.is_partial else code


def _many(order: Order, paths: tuple[Path, ...]) -> int:
    from sim.cli.batch import Batch
    from sim.cli.tell import tell_batch

    batch = Batch(order)
    batch.work(paths)
    if order.as_json:
        _print_json(batch.document())
    else:
        tell_batch(batch.results)
    return max(batch.codes)


def _explanation(what: str, changes: tuple[str, ...]) -> str:
    from sim.explain import explain_field, explain_scenario
    from sim.scenario import load

    if not is_scenario(what):
        return explain_field(what)
    return explain_scenario(change(load(find_scenarios([what])[0]), changes))


def _print_json(document: Any) -> None:
    show_line(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))
