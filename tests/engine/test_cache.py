"""Kernels on disk, and the same bytes whatever the process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.engine import cache, is_compiled, warm_up

TESTS = Path(__file__).resolve().parent.parent
RUN = """
import hashlib
from planes import Move, Setup, columns, drawn, served, versions
from sim.engine.protocol import Route
from sim.spec.mesh import Mesh
setup = Setup(
    drawn(100, 3, seed=2**64 - 3),
    versions({"error_rate": 0.1}, {"faults": [{"latency_factor": 2}]}, queue_capacity=2,
             latency={"distribution": "lognormal", "median": 0.02, "p99": 0.1}),
    pods=(2, 2),
    mesh=Mesh(timeout=0.2, retries={"attempts": 2, "per_try_timeout": 0.1, "retry_on": ("5xx",)},
              load_balancer="consistentHash", outlier_detection={"interval": 0.5, "base_ejection_time": 0.5}),
    route=Route(weights=((0, 60.0), (1, 40.0)), mirror=(1, 50.0)),
    moves=(Move(1.0, "kill", (0,)), Move(2.0, "remove_endpoint", (1,))),
)
digest = hashlib.sha256()
for column in columns(served("compiled", setup).answers()).values():
    digest.update(column)
print(digest.hexdigest())
"""


PLAIN = RUN.replace("queue_capacity=2,", "").replace(
    """mesh=Mesh(timeout=0.2, retries={"attempts": 2, "per_try_timeout": 0.1, "retry_on": ("5xx",)},
              load_balancer="consistentHash", outlier_detection={"interval": 0.5, "base_ejection_time": 0.5}),""",
    "mesh=None,",
)
"""What the recursion serves."""


def digest_of_a_run(script: str = RUN, **environment: str) -> str:
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    result = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


def test_every_process_gives_the_same_bytes() -> None:
    assert digest_of_a_run(PYTHONHASHSEED="1") == digest_of_a_run(PYTHONHASHSEED="2")


def test_without_compilation_the_bytes_are_the_same() -> None:
    assert digest_of_a_run(NUMBA_DISABLE_JIT="1") == digest_of_a_run()


def test_without_compilation_the_recursion_gives_the_same_bytes() -> None:
    assert PLAIN.count("mesh=None") == 1
    assert digest_of_a_run(PLAIN, NUMBA_DISABLE_JIT="1") == digest_of_a_run(PLAIN)


@pytest.mark.parametrize("source", ["engine/calls.py", "balancers/round_robin.py", "routers/weighted.py"])
def test_editing_a_kernel_source_starts_a_new_folder(tmp_path: Path, source: str) -> None:
    for folder in cache.KERNEL_FOLDERS:
        shutil.copytree(cache.PACKAGE / folder, tmp_path / folder)
    assert cache.source_digest(tmp_path) == cache.source_digest()
    (tmp_path / source).write_text((tmp_path / source).read_text() + "\n# edited\n")
    assert cache.source_digest(tmp_path) != cache.source_digest()


def test_kernels_live_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache.cache_folder() == tmp_path / "rollsim" / f"kernels-{cache.source_digest()}"


def test_a_cache_that_cannot_be_written_gives_way_to_a_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(sys, "platform", "linux")
    folder = cache.cache_folder()
    assert folder.is_dir()
    assert tmp_path not in folder.parents


def test_after_the_first_use_nothing_has_to_be_compiled() -> None:
    warm_up()
    assert is_compiled()


def test_old_kernels_are_removed_but_for_the_newest(tmp_path: Path) -> None:
    folders = [tmp_path / f"kernels-{number:016x}" for number in range(8)]
    for age, folder in enumerate(folders):
        folder.mkdir()
        (folder / "kernel.nbi").write_text("")
        os.utime(folder, (0, time.time() - age * cache.LONG_UNUSED_SECONDS - 60))
    for name in ("kernels-mine", "else"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / "kernels-ffffffffffffffff").symlink_to(tmp_path / "else")
    cache.prune(tmp_path)
    assert [folder.exists() for folder in folders] == [True] * cache.KEPT_FOLDERS + [False] * 4
    assert (tmp_path / "kernels-mine").is_dir()
    assert (tmp_path / "else").is_dir()


def test_kernels_used_lately_stay(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"kernels-{number:016x}").mkdir()
    cache.prune(tmp_path)
    assert len(list(tmp_path.iterdir())) == 8
