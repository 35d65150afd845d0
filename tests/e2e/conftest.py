"""The application in a real browser: one server and one Chromium for all tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from urllib.parse import urlsplit

import pytest

from sim.engine.cache import user_cache_folder

FLAGS = [
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
STAGE = ".rs[data-ready]"
START_UP_LOOK_UPS = ("/compare/_stcore/health", "/compare/_stcore/host-config")
"""Streamlit looks for its server below a sub-page first, and is told that it is not there."""
PATIENCE = 200
"""Seconds: the first run of all compiles the engine, on a machine that does more than that."""


@pytest.fixture(scope="session")
def app_url(root, tmp_path_factory):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # A home without settings of its own, but with the kernels that are compiled already.
    home = {"HOME": str(tmp_path_factory.mktemp("home")), "XDG_CACHE_HOME": str(user_cache_folder())}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    server = subprocess.Popen(
        command, cwd=root, env={**os.environ, **home}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _await_answer(server, url)
        yield url
    finally:
        server.terminate()
        server.wait(10)


def _await_answer(server, url):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if server.poll() is not None:
            pytest.fail("the application stopped")
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the application did not answer")


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """A page of the application in a window of its own; remembers what it asked for and complained about."""

    def __init__(self, browser, url, **context):
        self.context = browser.new_context(
            **{"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce", **context}
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(1000 * PATIENCE)
        self.url, self.hosts, self.complaints = url, set(), []
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("response", self._note)

    def _note(self, response):
        if response.status >= 400 and urlsplit(response.url).path not in START_UP_LOOK_UPS:
            self.complaints.append(f"{response.status} {response.url}")

    def open(self, address="/"):
        self.page.goto(self.url + address)
        self.page.locator("[data-testid=stSidebarUserContent]").wait_for()
        return self.idle()

    def idle(self):
        self.page.locator(IDLE).wait_for()
        return self

    def run(self):
        self.page.get_by_role("button", name="Run", exact=True).click()
        return self.idle()

    def stage(self):
        self.page.locator(STAGE).wait_for()
        return self

    def text(self, selector):
        return self.page.locator(f".rs {selector}").inner_text().replace("\u202f", "").replace("\u00a0", " ")

    def seconds(self):
        return int(self.page.locator(".rs .tl canvas").get_attribute("aria-valuenow"))


@pytest.fixture
def visit(browser, app_url):
    visits = []

    def start(address="/", **context):
        visits.append(Visit(browser, app_url, **context))
        return visits[-1].open(address)

    yield start
    for each in visits:
        each.context.close()
    for each in visits:
        assert each.hosts <= {"127.0.0.1", None}, "something was asked of another host"
        assert each.complaints == []
