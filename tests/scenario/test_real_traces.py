"""Request logs of real services, replayed through every strategy; skipped where the logs are not at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim

TRACES = Path(__file__).parents[3] / "shared" / "data" / "traces"
REQUEST_LOGS = {"azure-llm-code-2023.csv": ("1h", 9_000), "apache-blog-2015.csv": ("4h", 2_000)}
EXAMPLE = Path(__file__).parents[2] / "scenarios" / "bad-release.yaml"
STRATEGIES = list(sim.load(EXAMPLE).strategies)


def replay(log: str) -> sim.Scenario:
    duration, users = REQUEST_LOGS[log]
    scenario = sim.load(EXAMPLE, trace_dir=TRACES)
    changes = {"spec.users": {"count": users}, "spec.duration": duration, "spec.traffic": {"trace": log}}
    for path, value in changes.items():
        scenario = scenario.replace(path, value)
    return scenario


@pytest.mark.skipif(not TRACES.is_dir(), reason="the request logs are not at hand")
@pytest.mark.parametrize("log", REQUEST_LOGS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_real_log_runs_through_every_strategy(log: str, strategy: str) -> None:
    run = sim.simulate(replay(log), strategy)
    rows = (TRACES / log).read_text().splitlines()[1:]
    replayed = sum(float(row.split(",")[0]) < run.record.duration for row in rows)
    summary = run.summary()
    assert summary["offered_requests"] == len(run.requests) == replayed > 0
    assert summary["outcome"] in ("promoted", "rolled_back", "kept", "failed")
