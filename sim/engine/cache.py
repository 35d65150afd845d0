"""Where compiled kernels are kept, and the two decorators that make them.

Numba looks at a function's own file when it decides whether a cached build is still good, not at what that function
calls. The folder is therefore named by a digest of every kernel source: an edit starts a new folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

PACKAGE = Path(__file__).resolve().parent.parent
KERNEL_FOLDERS = ("engine", "balancers", "routers")
DIGEST_LENGTH = 16
NAME = re.compile(rf"kernels-[0-9a-f]{{{DIGEST_LENGTH}}}")
KEPT_FOLDERS = 4
LONG_UNUSED_SECONDS = 7 * 86_400.0
"""Kernels of other sources are removed when they are neither among the newest nor used for a week."""

_kept_until_exit: list[tempfile.TemporaryDirectory[str]] = []


def source_digest(package: Path = PACKAGE) -> str:
    """Return a digest of all sources that kernels are made of, and of the Numba that compiles them."""
    digest = hashlib.sha256(numba.__version__.encode())
    for folder in KERNEL_FOLDERS:
        for path in sorted((package / folder).glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:DIGEST_LENGTH]


def user_cache_folder() -> Path:
    """Return the folder in which this platform keeps a user's caches."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def cache_folder() -> Path:
    """Return a writable folder for this source's kernels; a temporary one when the user's cannot be written."""
    folder = user_cache_folder() / "rollsim" / f"kernels-{source_digest()}"
    try:
        is_new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # a file that comes and goes: the folder is as old as its last use
            if is_new:
                prune(folder.parent)
            return folder
    except OSError:
        _kept_until_exit.append(tempfile.TemporaryDirectory(prefix="rollsim-kernels-"))
        return Path(_kept_until_exit[-1].name)


def prune(parent: Path) -> None:
    """Remove folders of kernels that nobody has used for long, but for the newest; whatever else is there stays."""
    found = [path for path in parent.iterdir() if NAME.fullmatch(path.name) and path.is_dir() and not path.is_symlink()]
    for path in sorted(found, key=_last_used, reverse=True)[KEPT_FOLDERS:]:
        if time.time() - _last_used(path) > LONG_UNUSED_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another process was faster
        return 0.0


FOLDER = cache_folder()
config: Any = numba.config
config.CACHE_DIR = str(FOLDER)  # before the first decorator with a cache
IS_PLAIN = bool(config.DISABLE_JIT)
"""True when NUMBA_DISABLE_JIT is set: the same sources run as plain Python."""


def compiled(function: Function) -> Function:
    """Return `function` compiled for use inside kernels."""
    kernel: Any = numba.njit(nogil=True, error_model="numpy")(function)
    return kernel  # type: ignore[no-any-return]


def inlined(function: Function) -> Function:
    """Return `function` compiled into whatever kernel calls it: for what is called once a request and is short."""
    kernel: Any = numba.njit(nogil=True, error_model="numpy", forceinline=True)(function)
    return kernel  # type: ignore[no-any-return]


def entry_point(function: Function) -> Function:
    """Return `function` compiled and kept on disk, for calls from Python.

    NOTE: flags are not part of Numba's cache key, so every kernel has the same ones.
    """
    kernel: Any = numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    return kernel  # type: ignore[no-any-return]


def is_compiled() -> bool:
    """True when the largest kernel is on disk, or none is needed, so that nothing has to wait for the compiler."""
    return IS_PLAIN or any(FOLDER.rglob("kernel.advance-*.nbi"))
