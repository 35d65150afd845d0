"""Results as files: frames, figures, the resolved scenario, and a manifest that is written last and says all is there.

Each file appears whole or not at all: written under a temporary name, flushed to disk, then renamed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import pandas as pd

    from sim.comparison import Comparison
    from sim.run import Run
    from sim.scenario import Scenario

MANIFEST = "manifest.json"
SUMMARY = "summary.csv"
SCHEMA_VERSION = 1
FRAMES = ("requests", "windows", "pods", "events", "decisions")
OF_ONE_RUN = ("rollout_progress", "analysis_looks")
"""Figures of one run, drawn for each strategy; the others are drawn once, of the comparison."""
PACKAGES = ("rollsim", "numba", "numpy", "pandas", "pyarrow", "scipy", "simpy")
"""Those that numbers may depend on."""


@dataclass
class Folder:
    """A folder that is being filled; `written` holds the digest of each file by its path inside."""

    path: Path
    written: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        """Write a file whole or not at all."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("w+b") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                self.written[name] = hashlib.file_digest(file, "sha256").hexdigest()
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file of known content."""
        self.write(name, lambda file: file.write(content))

    def write_text(self, name: str, text: str) -> None:
        """Write a text file."""
        self.write_bytes(name, text.encode())

    def write_json(self, name: str, document: Mapping[str, Any]) -> None:
        """Write a JSON document."""
        self.write_text(name, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def result_key(scenario: Scenario, settings: Mapping[str, Any]) -> str:
    """Return the digest of all that decides a result: the resolved scenario, how it was run, and by which version."""
    said = json.dumps({"scenario": scenario.digest(), "rollsim": version("rollsim"), **settings}, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def finished(folder: Path, key: str) -> dict[str, Any] | None:
    """Return the manifest of a complete result of the same key, None when there is none."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or manifest.get("key") != key or manifest["is_partial"]:
        return None
    return manifest if all((folder / name).is_file() for name in manifest["files"]) else None


def write_result(path: Path, comparison: Comparison, manifest: Mapping[str, Any]) -> None:
    """Fill the folder of one scenario; the files of an earlier result in it are replaced."""
    _remove_earlier(path)
    folder = Folder(path)
    folder.write_text("scenario.yaml", comparison.scenario.dump())
    folder.write_json("result.json", comparison.to_json())
    folder.write_text(SUMMARY, summary_csv(comparison.scenario.name, comparison.summaries))
    for name, run in comparison.runs.items():
        _write_run(folder, name, run)
    _write_figures(folder, comparison)
    about = {"schema_version": SCHEMA_VERSION, **manifest, "versions": _versions(), "files": dict(folder.written)}
    folder.write_json(MANIFEST, about)


def summary_csv(scenario: str, summaries: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return one line per strategy and replication, under a heading."""
    rows = [
        {"scenario": scenario, "strategy": strategy, "replication": replication, **values}
        for strategy, replications in summaries.items()
        for replication, values in enumerate(replications)
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def join_summaries(path: Path, folders: Iterable[Path]) -> None:
    """Write `path/summary.csv`: the summaries of the folders under one heading."""
    texts = [(folder / SUMMARY).read_text(encoding="utf-8").splitlines(keepends=True) for folder in folders]
    lines = [*texts[0][:1], *(line for text in texts for line in text[1:])] if texts else []
    Folder(path).write_text(SUMMARY, "".join(lines))


def _remove_earlier(path: Path) -> None:
    """Remove the manifest of an earlier result, first, and then the files it lists: nothing else is ever removed."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        (path / MANIFEST).unlink()
    except (OSError, ValueError):
        return
    for name in manifest.get("files", ()):
        listed = (path / name).resolve()
        if listed.is_relative_to(path.resolve()):
            listed.unlink(missing_ok=True)


def _write_run(folder: Folder, strategy: str, run: Run) -> None:
    for name in FRAMES:
        _write_frame(folder, f"{strategy}/{name}", getattr(run, name))


def _write_frame(folder: Folder, name: str, frame: pd.DataFrame) -> None:
    folder.write(f"{name}.parquet", lambda file: frame.to_parquet(file, index=False, compression="zstd"))
    folder.write(f"{name}.csv", lambda file: frame.to_csv(file, index=False, lineterminator="\n"))


def _write_figures(folder: Folder, comparison: Comparison) -> None:
    from sim.figures import FIGURES, picture

    for title, draw in FIGURES.items():
        subjects = comparison.runs if title in OF_ONE_RUN else {"": comparison}
        for strategy, subject in subjects.items():
            figure = draw(subject)
            folder.write_bytes(f"{strategy}/{title}.png".lstrip("/"), picture(figure, "png"))
            folder.write_bytes(f"{strategy}/{title}.svg".lstrip("/"), picture(figure, "svg"))


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), "platform": platform.platform()} | {
        name: version(name) for name in PACKAGES
    }
