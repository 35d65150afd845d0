"""Recorded traffic, cut, stretched, thinned and repeated as its scenario says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.engine import draw_requests
from sim.engine.protocol import Requests
from sim.errors import ScenarioError
from sim.scenario import Scenario

SHARED = Path(__file__).parents[3] / "shared" / "data" / "traces"
LOG = "at_seconds,user\n0,a\n10,b\n20,a\n30,c\n40,d\n"
SERIES = "at_seconds,requests\n0,100\n60,0\n120,50\n180,250\n"
FALSE_ALARM = 1e-4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "series.csv").write_text(SERIES)
    return tmp_path


def replay(folder: Path, trace: Any, duration: float = 240.0, arrivals: str = "poisson") -> Scenario:
    spec = {
        "duration": duration,
        "users": {"count": 500_000},
        "traffic": {"trace": trace, "arrivals": arrivals},
        "services": {"web": {"versions": {"v1": {}}}},
    }
    document = {"apiVersion": "rollsim/v1", "kind": "Scenario", "metadata": {"name": "replay"}, "spec": spec}
    return Scenario.from_dict(document, folder=folder)


def drawn(scenario: Scenario, replication: int = 0) -> Requests:
    given = scenario
    return draw_requests(given.traffic, given.users, given.trace, 1, replication, given.warmup, given.duration)


def test_a_file_alone_is_replayed_as_it_is(folder: Path) -> None:
    requests = drawn(replay(folder, "log.csv"))
    assert requests.arrival.tolist() == [0, 10, 20, 30, 40]
    assert requests.user.tolist() == [0, 1, 0, 2, 3]


def test_a_bare_file_is_written_as_such(folder: Path) -> None:
    scenario = replay(folder, {"file": "log.csv"})
    assert scenario == replay(folder, "log.csv")
    assert scenario.as_dict()["spec"]["traffic"]["trace"] == "log.csv"


def test_a_run_may_start_in_the_middle_and_go_twice_as_fast(folder: Path) -> None:
    requests = drawn(replay(folder, {"file": "log.csv", "from": "15s", "timeScale": 0.5}))
    assert requests.arrival.tolist() == [2.5, 7.5, 12.5]
    assert requests.user.tolist() == [0, 1, 2]


def test_a_log_begins_again_after_its_mean_gap(folder: Path) -> None:
    scenario = replay(folder, {"file": "log.csv", "loop": True}, duration=75)
    assert drawn(scenario).arrival.tolist() == [0, 10, 20, 30, 40, 50, 60, 70]
    assert drawn(scenario).user.tolist() == [0, 1, 0, 2, 3, 0, 1, 0]
    assert scenario.warnings == ()


def test_of_a_log_a_share_is_kept_and_each_request_with_its_user(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("at_seconds,user\n" + "".join(f"{n / 100},{n}\n" for n in range(20_000)))
    scenario = replay(tmp_path, {"file": "log.csv", "rateScale": 0.3})
    requests = drawn(scenario)
    assert stats.binomtest(len(requests.arrival), 20_000, 0.3).pvalue > FALSE_ALARM
    assert requests.user.tolist() == np.round(requests.arrival * 100).astype(int).tolist()
    assert scenario.expected_requests() == pytest.approx(6000)
    assert drawn(scenario, 1).arrival.tolist() != requests.arrival.tolist()


def per_minute(requests: Requests) -> list[int]:
    return np.histogram(requests.arrival, [0, 60, 120, 180, 240])[0].tolist()


def test_counts_are_kept_to_the_request_and_spread_over_their_interval(folder: Path) -> None:
    scenario = replay(folder, {"file": "series.csv", "kind": "counts"})
    for replication in range(3):
        requests = drawn(scenario, replication)
        assert per_minute(requests) == [100, 0, 50, 250]
        last = requests.arrival[requests.arrival >= 180]
        assert stats.kstest((last - 180) / 60, "uniform").pvalue > FALSE_ALARM


def test_counts_may_come_evenly_or_at_once(folder: Path) -> None:
    even = drawn(replay(folder, {"file": "series.csv", "kind": "counts"}, arrivals="constant"))
    assert even.arrival[:3].tolist() == pytest.approx([0.3, 0.9, 1.5])
    assert per_minute(even) == [100, 0, 50, 250]
    once = drawn(replay(folder, {"file": "series.csv", "kind": "counts", "spread": "none"}))
    assert set(once.arrival.tolist()) == {0, 120, 180}
    assert per_minute(once) == [100, 0, 50, 250]


def test_scaled_counts_keep_their_sum(folder: Path) -> None:
    requests = drawn(replay(folder, {"file": "series.csv", "kind": "counts", "rateScale": 0.013}))
    # 1.3, 0, 0.65 and 3.25 requests: rounded where the sums 1.3, 1.3, 1.95 and 5.2 are.
    assert per_minute(requests) == [1, 0, 1, 3]


def test_counts_begin_again_and_their_rest_is_told(folder: Path) -> None:
    assert (
        len(drawn(replay(folder, {"file": "series.csv", "kind": "counts", "loop": True}, duration=720)).arrival) == 1200
    )
    short = replay(folder, {"file": "series.csv", "kind": "counts"}, duration=100)
    assert short.warnings == (
        "spec.traffic.trace: 2 rows of series.csv come at or after spec.duration and are left out",
    )


def test_what_is_replayed_is_in_the_digest(folder: Path) -> None:
    traces = ["log.csv", {"file": "log.csv", "rateScale": 0.5}, {"file": "log.csv", "from": "15s"}]
    assert len({replay(folder, trace).digest() for trace in traces}) == len(traces)


RATE_SERIES = {"worldcup-1998-week.csv": 0.001, "nasa-1995-per-minute.csv": 1.0, "nyc-taxi-2014.csv": 0.05}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the rate series are not at hand")
@pytest.mark.parametrize("name", RATE_SERIES)
def test_a_real_series_is_replayed_to_the_request(name: str) -> None:
    recording = {"file": name, "kind": "counts", "rateScale": RATE_SERIES[name], "timeScale": 0.1}
    scenario = replay(SHARED, recording, duration=86_400.0)
    rows = [line.split(",") for line in (SHARED / name).read_text().splitlines()[1:]]
    counts = sum(float(row[1]) for row in rows if float(row[0]) < 864_000)
    assert abs(len(drawn(scenario).arrival) - counts * RATE_SERIES[name]) <= 0.5


@pytest.mark.skipif(not SHARED.is_dir(), reason="the rate series are not at hand")
@pytest.mark.parametrize("name", ["aws-elb-2014.csv", "nginx-org-2015.csv"])
def test_a_real_series_with_gaps_is_refused_where_it_is_used(name: str) -> None:
    with pytest.raises(ScenarioError, match="must be no gap"):
        replay(SHARED, {"file": name, "kind": "counts"}, duration=14 * 86_400.0)
    assert replay(SHARED, {"file": name, "kind": "counts"}, duration=600.0).trace is not None


@pytest.mark.skipif(not SHARED.is_dir(), reason="the rate series are not at hand")
def test_a_series_that_is_too_large_says_so() -> None:
    with pytest.raises(
        ScenarioError, match=r"would replay [\d,]+ requests; must be at most 20,000,000: lower rateScale"
    ):
        replay(SHARED, {"file": "worldcup-1998-week.csv", "kind": "counts"}, duration=8 * 86_400.0)
