from __future__ import annotations

import hashlib
import json

import pandas as pd
import pytest

import sim
from sim.output import Folder, finished, write_result

FRAMES = ("requests", "windows", "pods", "events", "decisions")


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """Return the folder of a small comparison, written once."""
    from tests.cli.conftest import HOLDS, SMALL

    folder = tmp_path_factory.mktemp("out") / "small"
    comparison = sim.compare(sim.Scenario.from_text(SMALL.format(name="small", expect=HOLDS)), replications=2)
    write_result(folder, comparison, {"key": "k", "is_partial": False})
    return folder


def test_frames_are_there_twice_and_equal(result):
    for name in FRAMES:
        parquet = pd.read_parquet(result / "canary" / f"{name}.parquet")
        text = pd.read_csv(result / "canary" / f"{name}.csv")
        assert list(parquet.columns) == list(text.columns)
        assert len(parquet) == len(text) > 0


def test_the_resolved_scenario_gives_the_same_result_again(result):
    scenario = sim.load(result / "scenario.yaml")
    again = sim.compare(scenario, replications=2).to_json()
    assert json.loads((result / "result.json").read_text()) == json.loads(json.dumps(again))


def test_figures_are_there_as_png_and_svg(result):
    for name in ("blast_radius", "all_strategies", "plane", "canary/rollout_progress", "canary/analysis_looks"):
        assert (result / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (result / f"{name}.svg").read_text()


def test_the_summary_has_a_line_per_strategy_and_replication(result):
    summary = pd.read_csv(result / "summary.csv")
    assert summary[["strategy", "replication"]].values.tolist() == [
        ["recreate", 0],
        ["recreate", 1],
        ["canary", 0],
        ["canary", 1],
    ]


def test_the_manifest_lists_every_file_with_its_digest(result):
    manifest = json.loads((result / "manifest.json").read_text())
    there = {str(path.relative_to(result)) for path in result.rglob("*") if path.is_file()} - {"manifest.json"}
    assert set(manifest["files"]) == there
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((result / name).read_bytes()).hexdigest() == digest
    assert {"python", "rollsim", "numpy"} <= set(manifest["versions"])


def test_a_result_counts_only_with_its_key_and_all_its_files(result):
    assert finished(result, "k")
    assert finished(result, "other") is None
    hidden = (result / "plane.svg").rename(result / "hidden")
    assert finished(result, "k") is None
    hidden.rename(result / "plane.svg")


def test_a_file_that_fails_half_way_leaves_the_old_one(tmp_path):
    folder = Folder(tmp_path)
    folder.write_text("a.txt", "old")

    def write_half(file):
        file.write(b"ne")
        raise RuntimeError("no space")

    with pytest.raises(RuntimeError):
        folder.write("a.txt", write_half)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_out_that_cannot_be_made_is_a_usage_error(rollsim, small, tmp_path):
    (tmp_path / "taken").touch()
    done = rollsim("compare", small, "--out", "taken")
    assert done.returncode == 2
    assert done.stderr.startswith("--out taken: ")
