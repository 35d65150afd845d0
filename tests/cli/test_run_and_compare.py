from __future__ import annotations

import json

import pytest

from sim.fields import FIELDS
from tests.cli.conftest import FAILS


def test_compare_prints_one_plain_row_per_strategy_safest_first(rollsim, small):
    done = rollsim("compare", small, "--replications", 2)
    title, heading, *rows = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert title.startswith("small: A small bad release (seed 1, 2 replications")
    assert heading.split()[:2] == ["strategy", "outcome"]
    assert [row.split()[0] for row in rows[:2]] == ["canary", "recreate"]
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_json_is_one_document_with_every_field(rollsim, small):
    document = json.loads(rollsim("compare", small, "--json", "--replications", 2, "--seed", 7).stdout)
    assert {key: document[key] for key in ("schema_version", "scenario", "seed", "replications", "engine")} == {
        "schema_version": 1,
        "scenario": "small",
        "seed": 7,
        "replications": 2,
        "engine": "compiled",
    }
    assert [entry["strategy"] for entry in document["strategies"]] == ["recreate", "canary"]
    assert set(document["strategies"][0]) == {"strategy", "type", *FIELDS}
    assert set(document["strategies"][0]["failed_requests"]) == {"mean", "low", "high", "n", "of"}


def test_run_tells_the_story_the_decisions_and_the_damage_of_one_strategy(rollsim, small):
    done = rollsim("run", small, "--strategy", "canary")
    assert done.returncode == 0, done.stderr
    assert "rolled_back: " in done.stdout
    for heading in ("Story", "Decisions", "Damage"):
        assert f"\n{heading}\n" in done.stdout


def test_run_in_json_has_plain_values_of_one_strategy(rollsim, small):
    document = json.loads(rollsim("run", small, "--strategy", "canary", "--json").stdout)
    (entry,) = document["strategies"]
    assert document["replications"] == 1
    assert entry["outcome"] == "rolled_back"
    assert isinstance(entry["failed_requests"], int)


def test_both_engines_print_the_same_but_for_their_name(rollsim, small):
    documents = [
        rollsim("run", small, "--strategy", "canary", "--json", "--engine", engine).stdout
        for engine in ("compiled", "reference")
    ]
    assert documents[0] == documents[1].replace("reference", "compiled")


def test_set_changes_the_scenario(rollsim, small):
    changed = rollsim("run", small, "--strategy", "canary", "--json", "--set", "spec.traffic.rate=40rps")
    plain = rollsim("run", small, "--strategy", "canary", "--json")
    offered = [json.loads(done.stdout)["strategies"][0]["offered_requests"] for done in (plain, changed)]
    assert 1.7 < offered[1] / offered[0] < 2.3


def test_strategies_chooses_and_orders(rollsim, small):
    document = json.loads(rollsim("compare", small, "--strategies", "canary", "--json", "--replications", 1).stdout)
    assert [entry["strategy"] for entry in document["strategies"]] == ["canary"]


def test_a_failed_expectation_is_said_and_exits_1(rollsim, write_scenario):
    done = rollsim("compare", write_scenario(expect=FAILS), "--replications", 1)
    assert done.returncode == 1
    assert "canary.outcome == promoted" in done.stderr
    assert done.stdout.startswith("small: ")


def test_run_checks_only_what_speaks_of_its_strategy(rollsim, write_scenario):
    path = write_scenario(expect=FAILS)
    assert rollsim("run", path, "--strategy", "canary").returncode == 1
    assert rollsim("run", path, "--strategy", "recreate").returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "SMALL"], 2, "choose one of recreate, canary"),
        (["run", "SMALL", "--strategy", "canry"], 2, "did you mean 'canary'?"),
        (["compare", "SMALL", "--strategies", "canary,x"], 2, "no strategy 'x'"),
        (["compare", "SMALL", "--replications", "0"], 2, "replications"),
        (["compare", "SMALL", "--engine", "fast"], 2, "engine"),
        (["compare", "SMALL", "--set", "spec.traffic.rate"], 2, "must be path=value"),
        (["compare", "SMALL", "--set", "spec.traffic.rate=-1"], 3, "spec.traffic.rate"),
        (["compare", "SMALL", "--set", "spec.trafic.rate=1"], 3, "did you mean"),
        (["compare", "gone.yaml"], 3, "gone.yaml"),
        (["compare", "no-such-scenario"], 3, "built-in"),
        (["compare", "SMALL", "--max-requests", "100"], 4, "100"),
        (["compare"], 2, "Missing argument"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_with_its_exit_code(rollsim, small, words, code, said):
    done = rollsim(*(str(small) if word == "SMALL" else word for word in words))
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
