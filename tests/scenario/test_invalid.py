"""Every broken file beside this test has its exact message beside it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import Scenario, load

FOLDER = Path(__file__).parent / "invalid"
FILES = sorted(FOLDER.glob("*.yaml"))
SECONDS_PER_FILE = 5.0


def test_there_are_sixty_ways_to_be_wrong() -> None:
    assert len(FILES) >= 60


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_broken_file_is_refused_with_its_message(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    begin = time.perf_counter()
    with pytest.raises(ScenarioError) as refused:
        load(file.name)
    assert str(refused.value) == file.with_suffix(".expected").read_text(encoding="utf-8").rstrip("\n")
    assert refused.value.exit_code == 3
    assert time.perf_counter() - begin < SECONDS_PER_FILE


def test_a_missing_file_says_so() -> None:
    with pytest.raises(ScenarioError, match=r"^nowhere\.yaml: does not exist; must be a scenario file$"):
        load("nowhere.yaml")


def test_a_folder_says_so() -> None:
    with pytest.raises(ScenarioError, match="is a folder; must be a scenario file"):
        load(FOLDER)


def test_a_name_that_no_file_can_have_says_so() -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        load("nul\0byte.yaml")


def test_problems_come_in_order_of_position() -> None:
    with pytest.raises(ScenarioError) as refused:
        load(FOLDER / "everything-at-once.yaml")
    places = [(problem.line, problem.column) for problem in refused.value.problems]
    assert places == sorted(places)
    assert len(places) == 6


def test_a_thousand_mistakes_are_told_as_a_hundred() -> None:
    lines = "\n".join(f"    k{number}: 1" for number in range(1000))
    text = f"apiVersion: rollsim/v1\nkind: Scenario\nmetadata: {{name: x}}\nspec:\n  mesh:\n{lines}\n"
    with pytest.raises(ScenarioError) as refused:
        Scenario.from_text(text)
    assert len(refused.value.problems) == 101
    assert "more problems" in str(refused.value)
