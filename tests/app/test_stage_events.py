"""What the stage is sent, unpacked again and held against the tables of the run."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sim.app.stage.events import encode
from sim.app.stage.marks import decode_marks, unpacked

MOST_BYTES = 1_000_000


def rows(events, name):
    return unpacked(events["bins"][name], np.uint32).reshape(-1, len(unpacked(events["bins"]["affected"], np.uint32)))


def test_all_requests_and_failures_are_counted_by_who_answered(play):
    run, events = play
    table = run.requests
    who = [table["version"] == name for name in ("v1", "v2", "")]
    assert rows(events, "requests").sum(axis=1).tolist() == [int(mask.sum()) for mask in who]
    failed = table["reason"] != "ok"
    assert rows(events, "failed").sum(axis=1).tolist() == [int((mask & failed).sum()) for mask in who]


def test_every_mark_is_a_row_of_the_table(play):
    run, events = play
    marks = decode_marks(events["marks"], events["tick"])
    table = run.requests
    assert events["k"] == 1
    assert marks.candidate.tolist() == (table["version"] == "v2").tolist()
    assert marks.failed.tolist() == (table["reason"] != "ok").tolist()
    assert np.abs(marks.at - table["arrival_seconds"]).max() <= events["tick"] / 1000


def test_users_affected_grow_to_what_the_summary_says(play):
    run, events = play
    assert unpacked(events["bins"]["affected"], np.uint32)[-1] == run.summary()["users_affected"]


def test_copies_are_apart_from_the_users_requests(play):
    run, events = play
    sent, failed = rows(events, "copies").sum(axis=1)
    assert sent == events["copies"]["n"] == run.summary()["mirrored_requests"]
    assert (failed > 0) == (run.record.type == "shadow")


def test_each_request_goes_to_a_pod_that_is_there(play):
    run, events = play
    marks = decode_marks(events["marks"], events["tick"])
    for version in (0, 1):
        of_version = marks.candidate == bool(version)
        assert marks.place[of_version & (marks.place < 60)].max(initial=-1) < events["slots"][version]
    names = run.requests["pod"]
    assert ((marks.place >= 60) == (names == "")).all()


def test_json_carries_it_all(play):
    assert json.loads(json.dumps(play[1]))["v"] == 2


def test_testers_are_drawn_but_not_counted(release):
    import sim

    scenario = release.replace("spec.users.segments.testers.public", False)
    scenario = scenario.replace("spec.strategies.blueGreen.previewMatch", [{"segment": "testers"}])
    run = sim.simulate(scenario, strategy="blueGreen")
    events = encode(run.record, run.none.record, scenario)
    assert rows(events, "requests").sum() == run.summary()["offered_requests"] < events["marks"]["n"]
    assert events["users"] == run.requests.query("segment == ''")["user"].nunique()


def test_a_long_run_stays_below_a_megabyte():
    import sim
    from sim.resources import builtin_scenarios

    run = sim.simulate(sim.load(builtin_scenarios()["bad-release"]), strategy="shadow")
    events = encode(run.record, run.none.record, run.scenario)
    assert len(json.dumps(events)) < MOST_BYTES


def test_steps_say_when_they_began(play_of):
    _, events = play_of("canary")
    texts = [step["text"] for step in events["steps"]]
    begun = [step["t"] is not None for step in events["steps"]]
    assert texts[-1] == "Roll back to v1"
    assert begun == [True, True, *[False] * (len(texts) - 3), True]
    assert events["steps"][-1]["t"] == events["undo"] == next(t for t, name in events["moments"] if name == "undo")


@pytest.mark.parametrize(("strategy", "outcome"), [("canary", "rolled_back"), ("abTest", "rolled_back")])
def test_the_end_is_told(play_of, strategy, outcome):
    run, events = play_of(strategy)
    assert events["outcomes"][-1] == [round(run.record.settled_at * 1000), outcome, run.record.outcome_reason]


def test_the_story_is_in_order_and_begins_with_the_release(play):
    moments = [row[0] for row in play[1]["log"]]
    assert moments == sorted(moments)
    assert moments[0] >= 0
