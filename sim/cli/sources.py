"""From the words of the command line to scenario files."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from sim.errors import Problem, ScenarioError, UsageError
from sim.resources import builtin_scenarios

SUFFIXES = (".yaml", ".yml")


def find_scenarios(arguments: Iterable[str]) -> tuple[Path, ...]:
    """Return the scenario files that paths, folders and built-in names stand for, each once and in order."""
    return tuple(dict.fromkeys(path for argument in arguments for path in _find(argument)))


def is_scenario(argument: str) -> bool:
    """True when the argument stands for a file (there or not) or a built-in scenario rather than for a field."""
    return argument.endswith(SUFFIXES) or argument in builtin_scenarios() or Path(argument).exists()


def _find(argument: str) -> list[Path]:
    path = Path(argument)
    if path.is_dir():
        return _in_folder(path)
    if path.exists() or argument.endswith(SUFFIXES):
        return [path]  # the loader says it when it is not there
    if argument in builtin_scenarios():
        return [builtin_scenarios()[argument]]
    raise ScenarioError([Problem(argument, 0, 0, "", _unknown(argument))])


def _in_folder(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
    if not found:
        raise UsageError(f"{folder}: holds no scenario; a scenario is a file that ends in .yaml")
    return found


def _unknown(name: str) -> str:
    known = list(builtin_scenarios())
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"is neither a file nor a built-in scenario; {hint}built-in: {', '.join(known)}"
