"""What is said while the engine is compiled, which happens once on a machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sim.cli.order import Order
from sim.cli.study import announce_compiler
from sim.engine import cache

ORDER = Order((), (), None, 1, (), "compiled", as_json=False, out=None, quiet=False, max_requests=1, is_run=True)


@pytest.fixture
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "FOLDER", tmp_path)


@pytest.mark.usefixtures("_empty_cache")
def test_the_first_run_says_in_one_line_what_it_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    announce_compiler(ORDER)
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "compiling the engine, once on this machine: up to a minute\n")


@pytest.mark.usefixtures("_empty_cache")
@pytest.mark.parametrize("order", [replace(ORDER, quiet=True), replace(ORDER, engine="reference")])
def test_who_asked_for_quiet_or_needs_no_compiler_hears_nothing(
    order: Order, capsys: pytest.CaptureFixture[str]
) -> None:
    announce_compiler(order)
    assert capsys.readouterr().err == ""


def test_later_runs_say_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kernel.advance-1.nbi").touch()
    monkeypatch.setattr(cache, "FOLDER", tmp_path)
    announce_compiler(ORDER)
    assert capsys.readouterr().err == ""
