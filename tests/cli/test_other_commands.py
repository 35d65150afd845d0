from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

from sim.resources import builtin_scenarios, schema_file

COMMANDS = ("run", "compare", "validate", "explain", "list", "schema", "ui")


def test_help_lists_every_command_and_loads_nothing_heavy(rollsim):
    done = rollsim("--help")
    assert done.returncode == 0
    assert [command for command in COMMANDS if f" {command} " in done.stdout] == list(COMMANDS)
    code = "import sys, sim.cli; print(sorted({'numpy', 'pandas', 'numba', 'pydantic', 'simpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_help_answers_in_half_a_second(rollsim):
    def seconds() -> float:
        """Return processor time: the clock of a busy machine says nothing about the command."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        rollsim("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 0.5


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(rollsim, command):
    assert rollsim(command, "--help").returncode == 0


def test_validate_prints_file_line_column_of_every_error(rollsim, small, tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text(small.read_text().replace("replicas: 4", "replicas: -4").replace("rate: 20rps", "rate: 20rpm"))
    done = rollsim("validate", small, broken)
    assert done.returncode == 3
    lines = done.stdout.splitlines()
    assert lines[0] == f"{small}: valid"
    assert [line.split(": ")[0].rsplit(":", 2)[1] for line in lines[1:]] == ["8", "11"]


def test_validate_in_json(rollsim, small):
    document = json.loads(rollsim("validate", small, "gone.yaml", "--json").stdout)
    assert [(entry["file"], entry["valid"]) for entry in document["files"]] == [
        (str(small), True),
        ("gone.yaml", False),
    ]


def test_explain_a_field_and_a_scenario(rollsim, small):
    assert "requests per second" in rollsim("explain", "spec.traffic.rate").stdout
    told = rollsim("explain", small)
    assert told.returncode == 0, told.stderr
    assert "canary" in told.stdout


def test_explain_of_an_unknown_field_is_a_usage_error(rollsim):
    done = rollsim("explain", "spec.trafic.rate")
    assert done.returncode == 2
    assert "did you mean" in done.stderr


def test_list_shows_the_built_in_scenarios(rollsim):
    lines = rollsim("list").stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == list(builtin_scenarios())


def test_schema_prints_the_schema(rollsim):
    assert json.loads(rollsim("schema").stdout) == json.loads(schema_file().read_text())


def test_a_reader_that_stops_early_is_no_error(small):
    command = f"{sys.executable} -m sim schema | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stderr == ""
