"""How fast requests are served, beside other engines: `python tests/benchmarks/engine.py [--json] [--runs N]`.

Not a test: numbers to look at before and after a change. Everything runs in turn in one process on one core, and is
counted in its processor time: the model made, requests and random numbers drawn, all served and every row written;
imports and compilation left out. What is shown are medians over the runs.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import time
from collections.abc import Callable

import graph_model
import others
import rollsim_model
import simpy_model
from workloads import W2S, WORKLOADS, Workload

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
IDLE_CALLS = 20_000
GRAPH_SECONDS = 50.0
REPEATS = 5
Rates = dict[str, float | None]


def timed(run: Callable[[], int]) -> float:
    """Return what `run` counts per second of processor time."""
    begin = time.thread_time()
    return run() / (time.thread_time() - begin)


ENGINES: dict[str, Callable[[Workload, int], float | None]] = {
    "SimPy": lambda given, seed: timed(lambda: simpy_model.Model(given, seed).run()),
    "rollsim, recursion": lambda given, seed: None if given.is_full else ours(given, seed, looks_ahead=True),
    "rollsim, event heap": lambda given, seed: ours(given, seed, looks_ahead=False),
    "event heap in C": lambda given, seed: others.c_heap(given),
    "Ciw": lambda given, seed: others.ciw(given),
}


def ours(given: Workload, seed: int, *, looks_ahead: bool) -> float:
    """Return requests (in full, attempts) per second; the median of a few, as each is over in an instant."""
    return statistics.median(
        timed(lambda: rollsim_model.Model(given, seed, looks_ahead=looks_ahead).run()) for _ in range(REPEATS)
    )


def measured(runs: int) -> dict[str, Rates]:
    """Return the median of each engine's rates by workload."""
    for looks_ahead in (True, False):  # compiled, or loaded from disk
        ours(W2S.of(1000), 0, looks_ahead=looks_ahead)
    return {given.name: medians([rates(given, seed) for seed in range(1, runs + 1)]) for given in WORKLOADS}


def rates(given: Workload, seed: int) -> Rates:
    return {name: engine(given, seed) for name, engine in ENGINES.items()}


def medians(all_rates: list[Rates]) -> Rates:
    known = {name: [each for one in all_rates if (each := one[name]) is not None] for name in ENGINES}
    return {name: statistics.median(values) if values else None for name, values in known.items()}


def nanoseconds_by_size() -> dict[str, float]:
    """Return the cost of a request of W2S by their number."""
    return {f"{size:,}": 1e9 / ours(W2S.of(size), 1, looks_ahead=False) for size in SIZES}


def calls_per_second() -> dict[str, float]:
    """Return the calls per second of four services in a row, with timeouts and retries, every row written."""
    graph_model.calls(1.0, 0, is_held=True)  # compiled, or loaded from disk
    return {"held": graph_rate(is_held=True), "asynchronous": graph_rate(is_held=False)}


def graph_rate(*, is_held: bool) -> float:
    return statistics.median(
        timed(lambda: graph_model.calls(GRAPH_SECONDS, 1, is_held=is_held)) for _ in range(REPEATS)
    )


def microseconds_of_an_idle_call() -> float:
    """Return what it costs to advance when nothing is due."""
    plane = rollsim_model.Model(W2S.of(1000), 1).plane
    plane.advance(math.inf)
    begin = time.thread_time()
    for _ in range(IDLE_CALLS):
        plane.advance(math.inf)
    return (time.thread_time() - begin) / IDLE_CALLS * 1e6


def row(name: str, found: Rates) -> str:
    """Return a row of the table."""
    simpy, c = found["SimPy"], found["event heap in C"]
    assert simpy is not None
    cells = [name, f"{simpy:,.0f}"]
    for engine in ("rollsim, recursion", "rollsim, event heap"):
        rate = found[engine]
        cells += ["", ""] if rate is None else [f"{rate / 1e6:.1f} million", f"{rate / simpy:.0f}"]
    heap = found["rollsim, event heap"]
    cells += [""] if c is None or heap is None else [f"{c / 1e6:.1f} million ({c / heap:.1f} x the event heap)"]
    cells += [""] if (ciw := found["Ciw"]) is None else [f"{ciw:,.0f}"]
    return f"| {' | '.join(cells)} |"


def table(found: dict[str, Rates]) -> str:
    """Return the table, in Markdown."""
    head = ("requests/s of processor time", "SimPy", "recursion", "/ SimPy", "event heap", "/ SimPy", "C", "Ciw")
    lines = [f"| {' | '.join(head)} |", f"| --- |{' ---: |' * (len(head) - 1)}"]
    return "\n".join(lines + [row(name, rates) for name, rates in found.items()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="numbers instead of a table")
    parser.add_argument("--runs", type=int, default=3, help="how often everything is measured")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    found, sizes, idle = measured(options.runs), nanoseconds_by_size(), microseconds_of_an_idle_call()
    calls = calls_per_second()
    if options.json:
        shown = {"rates": found, "nanoseconds_by_size": sizes, "calls": calls, "idle_microseconds": idle}
        print(json.dumps(shown))  # noqa: T201
        return
    print(table(found))  # noqa: T201
    print("\nEvent heap, W2S, ns a request:", ", ".join(f"{n} {ns:.0f}" for n, ns in sizes.items()))  # noqa: T201
    told = ", ".join(f"{rate / 1e6:.1f} million ({name})" for name, rate in calls.items())
    print(f"Event heap, four services in a row, calls/s: {told}")  # noqa: T201
    print(f"An advance when nothing is due: {idle:.1f} microseconds")  # noqa: T201


if __name__ == "__main__":
    main()
