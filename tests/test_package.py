from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import sim
from sim.resources import app_file, builtin_scenarios, schema_file

HEAVY = ("pandas", "scipy", "matplotlib", "streamlit", "numba")
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_sim_loads_nothing_heavy():
    assert python(f"import sim, sys; print([name for name in {HEAVY} if name in sys.modules])").strip() == "[]"


@pytest.mark.parametrize("name", sim.__all__)
def test_every_public_name_is_found(name):
    assert getattr(sim, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        _ = sim.simulat


def test_the_version_is_said_once_more_everywhere(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert sim.__version__ == project["version"]
    assert f"version: {project['version']}\n" in (root / "CITATION.cff").read_text()


def test_lock_files_name_no_registry_and_agree(root):
    run, test = ((root / name).read_text() for name in ("requirements.lock", "requirements-test.lock"))
    assert "://" not in run + test
    assert set(PIN.findall(run)) < set(PIN.findall(test))
    assert run.count("==") == len(PIN.findall(run)) + run.count(" == ")


def test_lock_files_hold_every_dependency(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    pinned = {name for name, _ in PIN.findall((root / "requirements-test.lock").read_text())}
    wanted = project["dependencies"] + project["optional-dependencies"]["test"] + ["hatchling"]
    assert {re.match(r"[A-Za-z0-9.-]+", line).group().replace(".", "-") for line in wanted} <= pinned


def test_what_travels_with_the_program_is_there():
    assert "bad-release" in builtin_scenarios()
    assert app_file().is_file()
    assert (app_file().parent / ".streamlit" / "config.toml").is_file()
    assert schema_file().is_file()


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_scenarios_schema_and_application(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    carried = {f"sim/bundled/scenarios/{path.name}" for path in builtin_scenarios().values()}
    carried |= {"sim/bundled/app.py", "sim/bundled/.streamlit/config.toml", "sim/schema/scenario.json", "sim/py.typed"}
    assert carried <= names


def test_the_unpacked_wheel_finds_what_it_carries(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = "import sys; sys.path.insert(0, 'site'); from sim import resources as r; "
    code += "print(*r.builtin_scenarios(), r.app_file().is_file(), r.schema_file().is_file())"
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert shown.split() == [*builtin_scenarios(), "True", "True"]
