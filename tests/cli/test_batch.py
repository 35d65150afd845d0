from __future__ import annotations

import csv
import json

from tests.cli.conftest import FAILS


def test_a_folder_gives_one_table_and_a_failing_file_does_not_stop_the_others(rollsim, write_scenario, tmp_path):
    write_scenario("a", folder="many")
    (tmp_path / "many" / "b.yaml").write_text("kind: Nonsense\n")
    write_scenario("c", folder="many")
    done = rollsim("compare", "many", "--replications", 1, "--out", "out", "--quiet")
    assert done.returncode == 3
    assert "many/b.yaml:1:" in done.stderr
    rows = [line.split()[:2] for line in done.stdout.splitlines()[2:6]]
    assert rows == [["a", "canary"], ["a", "recreate"], ["c", "canary"], ["c", "recreate"]]
    summary = list(csv.DictReader((tmp_path / "out" / "summary.csv").read_text().splitlines()))
    assert [(row["scenario"], row["strategy"]) for row in summary] == [
        ("a", "recreate"),
        ("a", "canary"),
        ("c", "recreate"),
        ("c", "canary"),
    ]


def test_the_exit_code_is_that_of_the_worst(rollsim, write_scenario):
    done = rollsim("compare", write_scenario("a"), write_scenario("b", FAILS), "--replications", 1)
    assert done.returncode == 1
    assert "b: expected canary.outcome == promoted" in done.stderr


def test_json_of_a_batch_holds_results_and_failures(rollsim, small):
    done = rollsim("run", small, "gone.yaml", "--strategy", "canary", "--json")
    document = json.loads(done.stdout)
    assert [scenario["scenario"] for scenario in document["scenarios"]] == ["small"]
    assert [failure["file"] for failure in document["failed"]] == ["gone.yaml"]


def test_a_batch_started_again_skips_what_is_there(rollsim, write_scenario, tmp_path):
    paths = [write_scenario("a"), write_scenario("b")]
    first = rollsim("compare", *paths, "--replications", 1, "--out", "out")
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "a").rglob("*.parquet")}
    (tmp_path / "out" / "b" / "manifest.json").unlink()
    second = rollsim("compare", *paths, "--replications", 1, "--out", "out")
    assert second.stdout == first.stdout
    assert "a: already there" in second.stderr
    assert "b: already there" not in second.stderr
    assert {path: path.stat().st_mtime_ns for path in made} == made
    assert (tmp_path / "out" / "b" / "manifest.json").is_file()


def test_a_changed_scenario_is_run_again(rollsim, write_scenario):
    paths = [write_scenario("a"), write_scenario("b")]
    rollsim("compare", *paths, "--replications", 1, "--out", "out")
    again = rollsim("compare", *paths, "--replications", 1, "--out", "out", "--seed", 2)
    assert "already there" not in again.stderr


def test_two_scenarios_of_one_name_are_refused(rollsim, write_scenario):
    done = rollsim("compare", write_scenario("a"), write_scenario("a", folder="other"), "--replications", 1)
    assert done.returncode == 2
    assert "is named a too" in done.stderr
