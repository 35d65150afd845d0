"""The application on this machine: Streamlit, started with the configuration that travels with the program."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPConnection

from sim.errors import RollsimError, UsageError
from sim.resources import app_file

LOCAL = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
PATIENCE_SECONDS = 60.0
PORTS_TRIED = 20
DOCUMENTATION_ADDRESS = "192.0.2.1"
"""Source: RFC 5737, an address that belongs to nobody."""


def serve(port: int | None, first_port: int, lan: bool) -> None:
    """Run the application until it is stopped; says its address once it answers."""
    chosen = _free_port(port, first_port, EVERYWHERE if lan else LOCAL)
    host = _lan_address() if lan else "localhost"
    process = subprocess.Popen(_command(chosen, host, lan), stdout=subprocess.DEVNULL)
    try:
        _await_answer(process, chosen)
        print(f"rollsim answers at http://{host}:{chosen} (Ctrl-C stops it)", flush=True)
        process.wait()
    except KeyboardInterrupt:
        pass  # the way to stop a server
    finally:
        process.terminate()
        process.wait()


def _command(port: int, host: str, lan: bool) -> list[str]:
    """Return the command; all else is in .streamlit/config.toml, which Streamlit reads beside the application."""
    command = [sys.executable, "-m", "streamlit", "run", str(app_file()), "--server.port", str(port)]
    if lan:
        command += ["--server.address", EVERYWHERE, "--browser.serverAddress", host]
        command += [word for name in (host, "localhost", LOCAL) for word in ("--server.allowedHosts", name)]
    return command


def _free_port(port: int | None, first: int, address: str) -> int:
    candidates: Iterator[int] = iter([port] if port else range(first, first + PORTS_TRIED))
    for candidate in candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, candidate))
            except OSError:
                continue
            return candidate
    raise UsageError(f"--port {port or first}: is in use; choose another")


def _lan_address() -> str:
    """Return the address of this machine on its network, without sending anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((DOCUMENTATION_ADDRESS, 1))  # UDP: only the route is looked up
        except OSError:
            return LOCAL
        return str(probe.getsockname()[0])


def _await_answer(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RollsimError(f"the application stopped with exit code {process.returncode}")
        try:
            connection = HTTPConnection(LOCAL, port, timeout=1)  # no proxy for an address of this machine
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.1)
    raise RollsimError(f"the application did not answer within {PATIENCE_SECONDS:.0f} s")
