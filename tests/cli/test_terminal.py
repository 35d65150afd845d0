"""What only happens on a terminal, or when someone presses Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

PATIENCE_SECONDS = 120


def on_a_terminal(folder, *words, **environment):
    """Return what the command shows on a terminal, its standard output and error together."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "160", **environment}
    env.pop("CI", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "sim", *map(str, words)], cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # what Linux says when the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return process.wait(), shown.decode()


def test_tables_are_drawn_on_a_terminal(small, tmp_path):
    code, shown = on_a_terminal(tmp_path, "compare", small, "--replications", 1)
    assert code == 0
    assert "────" in shown
    assert "\x1b[" in shown


def test_no_color_is_honoured(small, tmp_path):
    _, shown = on_a_terminal(tmp_path, "compare", small, "--replications", 1, "--quiet", NO_COLOR="1")
    assert "\x1b[3" not in shown


def test_work_of_more_than_a_second_shows_a_progress_bar(small, tmp_path):
    words = ("compare", small, "--replications", 4, "--engine", "reference", "--set", "spec.duration=10m")
    _, shown = on_a_terminal(tmp_path, *words)
    assert re.search(r"[1-8]/8\b", shown)


def test_quiet_shows_no_progress_bar(small, tmp_path):
    words = ("compare", small, "--replications", 4, "--engine", "reference", "--set", "spec.duration=10m", "--quiet")
    _, shown = on_a_terminal(tmp_path, *words)
    assert not re.search(r"\d/8\b", shown)


def started(words, folder):
    """Return the running command, which heeds Ctrl-C also where the tests themselves run in the background."""
    return subprocess.Popen(
        [sys.executable, "-m", "sim", *map(str, words)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def interrupt_when(process, reason):
    """Send Ctrl-C as soon as `reason()` is true; return what was said on standard error."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not reason() and time.monotonic() < end and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=PATIENCE_SECONDS)[1]


def test_an_interrupted_batch_keeps_and_says_what_is_finished(write_scenario, tmp_path):
    quick, long = write_scenario("a"), write_scenario("b")
    long.write_text(long.read_text().replace("rate: 20rps", "rate: 200rps").replace("duration: 3m", "duration: 30m"))
    process = started(["compare", quick, long, "--replications", 40, "--out", "out"], tmp_path)
    said = interrupt_when(process, (tmp_path / "out" / "summary.csv").exists)
    assert process.returncode == 130
    assert "of 2 scenarios are finished, kept in out" in said
    manifest = json.loads((tmp_path / "out" / "a" / "manifest.json").read_text())
    assert manifest["is_partial"] is False


def test_an_interruption_before_anything_is_finished_is_said(small, tmp_path):
    words = ["compare", small, "--engine", "reference", "--set", "spec.traffic.rate=200rps"]
    process = started(words, tmp_path)
    start = time.monotonic()
    said = interrupt_when(process, lambda: time.monotonic() - start > 3)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted"
