import pytest

from sim.cli.sources import find_scenarios, is_scenario
from sim.errors import ScenarioError, UsageError
from sim.resources import builtin_scenarios


def test_a_name_stands_for_the_built_in_scenario():
    assert find_scenarios(["bad-release"]) == (builtin_scenarios()["bad-release"],)


def test_a_folder_stands_for_its_scenarios_in_order_of_name(tmp_path):
    for name in ("b.yaml", "a.yml", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "sweeps.yaml").mkdir()
    assert [path.name for path in find_scenarios([str(tmp_path)])] == ["a.yml", "b.yaml"]


def test_a_file_named_twice_is_found_once(tmp_path):
    (tmp_path / "a.yaml").touch()
    assert len(find_scenarios([str(tmp_path), str(tmp_path / "a.yaml")])) == 1


def test_an_unknown_name_says_what_was_meant():
    with pytest.raises(ScenarioError, match=r"^bad-relaese: is neither .*did you mean 'bad-release'\?"):
        find_scenarios(["bad-relaese"])


def test_an_empty_folder_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="holds no scenario"):
        find_scenarios([str(tmp_path)])


@pytest.mark.parametrize(
    ("argument", "expected"),
    [("bad-release", True), ("gone.yaml", True), ("spec.traffic.rate", False), ("traffic", False)],
)
def test_what_to_explain_is_a_scenario_or_a_field(argument, expected):
    assert is_scenario(argument) is expected
