"""What all tests stand on: a clean environment, and a product on a sandbox of its own."""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import app_test, local_script_runner

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer
from tests.support.postgres_server import PostgresServer, postgres_server

EXPECT_TIMEOUT_MS = 20_000
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=LocalNetworkAccessChecks",
]


@pytest.fixture(scope="session")
def _empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Return an empty folder: the last one, unless a test has left something in it."""
    folder = tmp_path_factory.mktemp("elsewhere")

    def empty_folder() -> Path:
        nonlocal folder
        if not folder.is_dir() or any(folder.iterdir()):
            folder = tmp_path_factory.mktemp("elsewhere")
        return folder

    return empty_folder


@pytest.fixture(autouse=True)
def _clean_surroundings(monkeypatch: pytest.MonkeyPatch, _empty_folder) -> Iterator[None]:
    """Keep the developer's own settings, files and caches out of the tests."""
    for name in list(os.environ):
        if name.startswith(("FIVETRAN_", "PBF_", "STREAMLIT_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(_empty_folder())
    st.cache_data.clear()
    runtimes.use(None)
    yield
    runtimes.use(None)


@pytest.fixture(scope="session", autouse=True)
def _scan_packages_once() -> Iterator[None]:
    """Let Streamlit look for components among the installed packages once, not at every page."""
    with pytest.MonkeyPatch.context() as patch:
        once = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _compile_scripts_once() -> Iterator[None]:
    """Let all runs of pages share one cache of compiled scripts, as a server's visitors do."""
    with pytest.MonkeyPatch.context() as patch:
        once = cache(ScriptCache)
        patch.setattr(app_test, "ScriptCache", once)
        patch.setattr(local_script_runner, "ScriptCache", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _wait_for_pages_without_polling() -> Iterator[None]:
    """Let page tests wait for the script's thread instead of checking every millisecond."""
    poll = local_script_runner.require_widgets_deltas

    def wait(runner: local_script_runner.LocalScriptRunner, timeout: float = 3) -> None:
        if runner._script_thread is not None:
            runner._script_thread.join(timeout)
        poll(runner, timeout)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_script_runner, "require_widgets_deltas", wait)
        yield


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """A sandbox on a port of its own."""
    with SandboxServer() as server:
        yield server


@pytest.fixture
def settings(sandbox: SandboxServer) -> Settings:
    """The settings of an account on that sandbox."""
    return Settings(
        api_key=sandbox.world.api_key,
        api_secret=sandbox.world.api_secret,
        group_id=sandbox.world.group_id,
        api_url=sandbox.url,
        database_url="sqlite://",
    )


@pytest.fixture
def house(settings: Settings) -> Iterator[Runtime]:
    """The product's parts on that account, in place for pages and routes."""
    started = runtimes.start(settings)
    runtimes.use(started)
    yield started
    runtimes.use(None)
    started.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Debian's PostgreSQL, started once for all tests that keep something in it."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, started once for all tests that look at pages."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "The browser tests need Chromium: install your system's package chromium."
    # The default of five seconds is too short for a page on a busy machine.
    expect.set_options(timeout=EXPECT_TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def window(chromium: Browser) -> Iterator[BrowserContext]:
    """A window of that browser, which keeps scripts it has loaded from one visit to the next."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    yield context
    context.close()
