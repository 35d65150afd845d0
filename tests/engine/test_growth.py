from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from planes import ALL_TO_FIRST, Move, Setup, answers, columns, drawn, served, versions

from sim.engine import allocate
from sim.engine.protocol import Route
from sim.spec.mesh import Mesh

# Overload: thousands wait, each with a timeout and a copy; many pods come; all that one pod holds is reset at once.
STORM = Setup(
    drawn(1000, 5),
    versions({}, {}, latency=0.02, concurrency=2),
    pods=(5, 5),
    mesh=Mesh(
        timeout=4.0,
        retries={"attempts": 2, "per_try_timeout": 1.5, "retry_on": ("5xx",)},
        outlier_detection={"consecutive_5xx_errors": 1, "interval": 0.01, "base_ejection_time": 0.01},
    ),
    route=Route(ALL_TO_FIRST.weights, mirror=(1, 100.0)),
    moves=[Move(2.5, "kill", (0,)), Move(3.0, "listen", (0, 3.0))]
    + [Move(4.0, "add_pod", (number, 0)) for number in range(10, 150)]
    + [Move(4.0, "add_endpoint", (number,)) for number in range(10, 150)],
)


@pytest.mark.parametrize("room", [256, 8192])
def test_the_room_at_the_start_changes_nothing(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = columns(answers("compiled", STORM))
    monkeypatch.setattr(allocate, "FIRST_ROOM", room)
    monkeypatch.setattr(allocate, "FIRST_PODS", room // 64)
    assert columns(answers("compiled", STORM)) == expected


def test_the_storm_is_one() -> None:
    engine = served("compiled", STORM)
    assert len(engine.ejections()) > 1000
    assert engine.answers().attempts.max() == 3
    assert len(engine.answers()) > 2 * len(STORM.requests.arrival) - 1


def test_runs_side_by_side_do_not_disturb_each_other() -> None:
    setups = [STORM.but(requests=drawn(200, 5, seed=seed)) for seed in range(6)]
    alone = [columns(answers("compiled", setup)) for setup in setups]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(lambda setup: columns(answers("compiled", setup)), setups))
    assert together == alone
