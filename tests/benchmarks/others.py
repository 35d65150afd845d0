"""The workloads on others' engines, where there are any: an event heap in C, and Ciw."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from workloads import Workload

SOURCE = Path(__file__).parent / "heap.c"
CIW_REQUESTS = 20_000
"""As many of W1's as Ciw serves in a few seconds."""


@functools.cache
def c_program() -> str | None:
    """Return the path of the compiled event heap; None without a compiler of C."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    path = str(Path(tempfile.mkdtemp(prefix="rollsim-benchmark-")) / "heap")
    subprocess.run([compiler, "-O3", "-march=native", "-o", path, str(SOURCE), "-lm"], check=True)
    return path


def c_heap(workload: Workload) -> float | None:
    """Return requests per second of processor time on the event heap in C; None where it has no such workload."""
    path = c_program()
    if path is None or workload.is_full:
        return None
    given = (workload.rate, workload.seconds, workload.service, workload.workers, workload.pods, workload.shares[0], 1)
    told = subprocess.run([path, *map(str, given)], check=True, capture_output=True, text=True)
    requests, seconds = told.stdout.split()
    return int(requests) / float(seconds)


def ciw(workload: Workload) -> float | None:
    """Return requests per second of processor time with Ciw; None where it is not installed, or takes minutes."""
    if importlib.util.find_spec("ciw") is None or workload.name != "W1":
        return None
    library: Any = importlib.import_module("ciw")
    begin = time.thread_time()
    network = library.create_network(
        arrival_distributions=[library.dists.Exponential(workload.rate)],
        service_distributions=[library.dists.Exponential(1 / workload.service)],
        number_of_servers=[workload.workers],
    )
    simulation = library.Simulation(network)
    simulation.simulate_until_max_customers(CIW_REQUESTS, method="Complete")
    return len(simulation.get_all_records()) / (time.thread_time() - begin)
