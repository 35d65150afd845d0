"""House rules: what is in a table has its file and its companions; what is in a file has its line in the table."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import sim
from sim.balancers import BALANCERS
from sim.figures import FIGURES
from sim.judges import JUDGES
from sim.metrics import METRICS
from sim.metrics.metric import Metric
from sim.resources import builtin_scenarios
from sim.routers import ROUTERS
from sim.spec.strategy import StrategySpec
from sim.strategies import STRATEGIES

TESTS = Path(__file__).parent
IMPLIED = "none"
"""What runs where there is no release: no scenario needs to name it."""


def modules(package: ModuleType) -> list[ModuleType]:
    return [import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]


def stem(thing: object) -> str:
    """Return the name of the file that defines a class or function."""
    return thing.__module__.rpartition(".")[2]


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def has_test(folder: str, name: str) -> bool:
    """Return whether a test file of the folder is named after `name`, or speaks of it."""
    files = [*(TESTS / folder).glob("test_*.py")]
    return any(file.stem == f"test_{name}" or re.search(rf"\b{name}\b", file.read_text()) for file in files)


def test_every_strategy_in_a_file_is_in_the_table():
    defined = {
        thing
        for module in modules(import_module("sim.strategies"))
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, StrategySpec) and thing.kind
    }
    assert set(STRATEGIES.values()) == defined


def test_every_metric_in_a_file_is_in_the_table():
    files = modules(import_module("sim.metrics"))
    defined = [thing for module in files for thing in vars(module).values() if isinstance(thing, Metric)]
    assert {id(metric) for metric in METRICS.values()} == {id(metric) for metric in defined}


@pytest.mark.parametrize("package", ["sim.balancers", "sim.routers"])
def test_every_policy_in_a_file_is_in_the_table(package):
    table = BALANCERS if package == "sim.balancers" else ROUTERS
    assert {snake(kind) for kind in table} == {
        module.__name__.rpartition(".")[2] for module in modules(import_module(package))
    }


@pytest.mark.parametrize("kind", STRATEGIES)
def test_a_strategy_has_a_file_of_its_name_a_summary_a_scenario_and_a_test(kind):
    strategy = STRATEGIES[kind]
    assert stem(strategy) == snake(kind)
    assert strategy.summary
    told = {spec.kind for path in builtin_scenarios().values() for spec in sim.load(path).strategies.values()}
    assert kind in told or kind == IMPLIED
    assert has_test("strategies", snake(kind)) or has_test("strategies", kind)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_has_a_file_and_a_test_of_its_name(name):
    assert Path(sim.__file__).with_name("metrics").joinpath(f"{snake(name)}.py").is_file()
    assert (TESTS / "metrics" / f"test_{snake(name)}.py").is_file()


@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_has_a_file_and_a_test_of_its_name(name):
    assert stem(JUDGES[name]) == snake(name)
    assert (TESTS / "judges" / f"test_{snake(name)}.py").is_file()


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_a_file_of_its_name_and_a_test(name):
    assert stem(FIGURES[name]) == name
    assert has_test("figures", name) or has_test("figures", "FIGURES")


@pytest.mark.parametrize(("folder", "table"), [("balancers", BALANCERS), ("routers", ROUTERS)])
def test_a_policy_has_a_test(folder, table):
    assert [kind for kind in table if not has_test(folder, snake(kind)) and not has_test(folder, kind)] == []


@pytest.mark.parametrize("path", builtin_scenarios().values(), ids=lambda path: path.stem)
def test_a_built_in_scenario_is_named_as_its_file_and_teaches_something(path):
    scenario = sim.load(path)
    assert scenario.name == path.stem
    assert scenario.metadata.title
    assert scenario.metadata.teaches
    assert scenario.expect


def test_the_readme_lists_every_strategy_with_its_summary(root):
    readme = (root / "README.md").read_text()
    lines = [f"| `{kind}` | {strategy.summary} |" for kind, strategy in STRATEGIES.items() if kind != IMPLIED]
    assert [line for line in lines if line not in readme] == []


def test_the_readme_maps_every_part_of_the_program(root):
    readme = (root / "README.md").read_text()
    parts = {found.name for found in pkgutil.iter_modules(sim.__path__)} - {"__main__"}
    assert [part for part in sorted(parts) if f"`{part}`" not in readme] == []
