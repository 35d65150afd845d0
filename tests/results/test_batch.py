from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from small import STRATEGIES, TEXT, small

from sim.batch import compare
from sim.comparison import Comparison
from sim.errors import BudgetError, UsageError
from sim.fields import FIELDS
from sim.run import simulate
from sim.scenario import Scenario

DIGEST = """
import hashlib, json, sys
import sim
comparison = sim.compare(sim.Scenario.from_text(sys.stdin.read()), replications=2, threads=1)
frames = [run.requests.to_csv() + run.windows.to_csv() + run.events.to_csv() for run in comparison.runs.values()]
told = json.dumps(comparison.to_json()) + "".join(frames)
print(hashlib.sha256(told.encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return small()


@pytest.fixture(scope="module")
def two(scenario: Scenario) -> Comparison:
    return compare(scenario, replications=2, threads=2)


def test_every_strategy_has_every_replication(two: Comparison) -> None:
    assert list(two.results) == list(STRATEGIES)
    assert {name: len(rows) for name, rows in two.summaries.items()} == dict.fromkeys(STRATEGIES, 2)
    assert (two.replications, two.is_partial) == (2, False)


def test_the_numbers_are_those_of_single_runs(scenario: Scenario, two: Comparison) -> None:
    for name in ("recreate", "canary", "shadow"):
        for replication in (0, 1):
            assert two.summaries[name][replication] == simulate(scenario, name, replication=replication).summary()


@pytest.mark.parametrize("threads", [1, 3])
def test_numbers_do_not_depend_on_the_number_of_threads(scenario: Scenario, two: Comparison, threads: int) -> None:
    assert compare(scenario, replications=2, threads=threads).to_json() == two.to_json()


def test_the_same_seed_gives_the_same_bytes_in_another_process(root: Path) -> None:
    digests = set()
    for hash_seed in ("0", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
        command = [sys.executable, "-c", DIGEST]
        done = subprocess.run(command, input=TEXT, env=environment, capture_output=True, text=True, check=True)
        digests.add(done.stdout.strip())
    comparison = compare(small(), replications=2)
    frames = [run.requests.to_csv() + run.windows.to_csv() + run.events.to_csv() for run in comparison.runs.values()]
    here = hashlib.sha256((json.dumps(comparison.to_json()) + "".join(frames)).encode()).hexdigest()
    assert digests == {here}


def test_the_runs_of_the_first_replication_are_kept_for_figures(two: Comparison) -> None:
    assert list(two.runs) == list(STRATEGIES)
    assert {run.record.replication for run in two.runs.values()} == {0}
    assert two.runs["canary"].none is two.runs["recreate"].none
    assert two.runs["canary"].summary() == two.summaries["canary"][0]


def test_runs_are_not_kept_unless_wanted(scenario: Scenario) -> None:
    assert compare(scenario, ["canary"], replications=1, keep=False).runs == {}


def test_strategies_can_be_chosen_and_keep_their_order(scenario: Scenario) -> None:
    found = compare(scenario, ["canary", "recreate"], replications=1)
    assert [one["strategy"] for one in found.to_json()["strategies"]] == ["canary", "recreate"]
    assert [check.line for check in found.checks()] == ["recreate.downtime_seconds > 0", "canary.outcome != kept"]


def test_expectations_hold(two: Comparison) -> None:
    assert [check.holds for check in two.checks()] == [True, True, True]


def test_one_strategy_over_replications(scenario: Scenario) -> None:
    found = compare(scenario, ["canary"], replications=3)
    assert found.strategies["canary"]["offered_requests"]["n"] == 3
    assert list(found.strategies["canary"]) == list(FIELDS)


def test_progress_is_told_from_the_caller_s_thread(scenario: Scenario) -> None:
    told: list[tuple[int, int, bool]] = []
    here = threading.get_ident()

    def advance(done: int, total: int) -> None:
        told.append((done, total, threading.get_ident() == here))

    compare(scenario, ["canary", "recreate"], replications=2, progress=advance)
    assert told == [(done, 4, True) for done in (1, 2, 3, 4)]


def test_an_interruption_keeps_the_replications_that_are_complete(scenario: Scenario) -> None:
    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    found = compare(scenario, ["canary", "recreate"], replications=40, progress=stop, threads=1)
    assert found.is_partial
    assert 1 <= found.replications < 40
    whole = compare(scenario, ["canary", "recreate"], replications=found.replications)
    assert found.to_json() == whole.to_json()


def test_an_interruption_before_anything_is_complete_is_passed_on(scenario: Scenario) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(scenario, STRATEGIES, replications=1, progress=stop, threads=1)


def test_an_error_in_a_run_ends_the_comparison(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ArithmeticError("broken")

    monkeypatch.setattr("sim.batch.measure", broken)
    with pytest.raises(ArithmeticError, match="broken"):
        compare(scenario, replications=3)


def test_what_cannot_be_run_is_refused(scenario: Scenario) -> None:
    with pytest.raises(UsageError, match="did you mean 'canary'"):
        compare(scenario, ["canry"])
    with pytest.raises(UsageError, match="replications is 0; must be 1 or more"):
        compare(scenario, replications=0)
    with pytest.raises(BudgetError):
        compare(scenario, max_requests=10)
