"""Fixtures of all tests: a clean environment, the product on a sandbox, servers, a browser."""

import gc
import logging
import os
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import responses
import streamlit as st
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import app_test, local_script_runner
from werkzeug.routing import Rule

from bench.browser import ARGUMENTS
from pbf import redaction
from pbf import runtime as runtimes
from pbf.clock import MachineClock
from pbf.config import Settings
from pbf.connectors.access import caller as callers
from pbf.connectors.access.caller import CALLER, Caller
from pbf.connectors.access.client_address import Client
from pbf.connectors.portal import Portal
from pbf.proxy import create_app
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer
from pbf.store.engines.clock import DatabaseClock
from pbf.store.store import Store
from pbf.timeline.observer import Observer
from tests.support.accounts import ACCOUNT, account_on
from tests.support.component_server import PATIENCE_MS, new_context
from tests.support.draws import mark_drawn, use_same_draws
from tests.support.postgres_server import PostgresServer, postgres_server
from tests.support.requirements import require_package, summary_of_skipped
from tests.support.stores import copied_tables

# Python's 700 is for programs that are short of memory.
GARBAGE_THRESHOLD = 10_000
# Files in a browser take up to a minute each, so none of them may be the last one.
BROWSER_SHARE = 0.85
# How long the product waits, in seconds, before it gives up or makes do with what it has.
TIME_LIMITS = [
    "cache.redis_backend.REDIS_TIMEOUT",
    "cache.shared.LONGEST_WAIT",
    "connectors.access.limiter.REDIS_TIMEOUT",
    "connectors.portal.PAST_PATIENCE",
    "store.database.WRITE_TIMEOUT",
    "store.engines.engine.POOL_TIMEOUT",
    "store.engines.engine.WRITE_TIMEOUT",
]
CHROMIUM_ARGUMENTS = [
    *ARGUMENTS,
    "--disable-quic",
    # Pages live for seconds: compiling their scripts for speed takes longer than it saves.
    "--js-flags=--no-opt --no-maglev",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of `make exhaustive`."""
    parser.addoption("--all-cases", action="store_true", help="draw all cases of property tests")


def pytest_configure(config: pytest.Config) -> None:
    """Have the same cases drawn in every run."""
    use_same_draws(all_cases=config.getoption("--all-cases"))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the property tests, of which `make exhaustive` draws more cases."""
    mark_drawn(item)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files with tests in a browser over the run, save its end.

    In a browser, tests mostly wait. Other tests use the processors meanwhile.
    """
    names = dict.fromkeys(item.nodeid.partition("::")[0] for item in items)
    in_browser = [name for name in names if "browser" in name]
    others = [name for name in names if "browser" not in name]
    place = {name: number / len(others) for number, name in enumerate(others)}
    for number, name in enumerate(in_browser):
        place[name] = number / len(in_browser) * BROWSER_SHARE
    items.sort(key=lambda item: place[item.nodeid.partition("::")[0]])


def pytest_collection_finish() -> None:
    """Exclude modules and collected tests from garbage collections, as the server does.

    They stay until the end, and every full collection would go through them again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)
    # pytest adds its handlers to each logger that does not propagate, three times a test.
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.propagate = True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Generator[None, object, object]:
    """Say in one line which tests did not run because the machine lacks what they need."""
    result = yield
    reports = terminalreporter.getreports("skipped")
    line = summary_of_skipped((report.nodeid, str(report.longrepr)) for report in reports)
    if line:
        terminalreporter.write_line(line, yellow=True)
    return result


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


@pytest.fixture(scope="session", autouse=True)
def _patient() -> Iterator[None]:
    """Have nobody give up waiting because the machine is busy; tests of waiting set their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in TIME_LIMITS:
            patch.setattr(f"pbf.{name}", 60)
        yield


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, _empty_folder) -> Iterator[None]:
    """Keep the developer's own settings, files and caches out of the tests."""
    for name in list(os.environ):
        if name.startswith(("FIVETRAN_", "PBF_", "STREAMLIT_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(_empty_folder())
    st.cache_data.clear()
    runtimes.use(None)
    yield
    runtimes.use(None)


@pytest.fixture(autouse=True)
def may_do_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give all rights to threads without a caller; pages and routes have to name theirs."""
    monkeypatch.setattr(callers, "NOBODY", Caller("page", Role.OPERATOR))


@pytest.fixture
def no_known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the secrets that redaction knows by their values, from earlier tests."""
    monkeypatch.setattr(redaction, "_lasting", frozenset())
    monkeypatch.setattr(redaction, "_passing", {})
    monkeypatch.setattr(redaction, "_values", ())


@pytest.fixture(scope="session", autouse=True)
def _scan_packages_once() -> Iterator[None]:
    """Let Streamlit search the installed packages for components once, not for every page."""
    with pytest.MonkeyPatch.context() as patch:
        once = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _compile_scripts_once() -> Iterator[None]:
    """Let all runs of pages share one cache of compiled scripts, as they do on a server."""
    with pytest.MonkeyPatch.context() as patch:
        once = cache(ScriptCache)
        patch.setattr(app_test, "ScriptCache", once)
        patch.setattr(local_script_runner, "ScriptCache", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _compile_routes_once() -> Iterator[None]:
    """Let all apps share the functions that Werkzeug compiles for building a route's URLs."""
    compile_builder, builders = Rule._compile_builder, {}

    def compiled(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        defaults = tuple(sorted((rule.defaults or {}).items()))
        key = (rule.rule, tuple(rule._trace), defaults, append_unknown)
        if key not in builders:
            builders[key] = compile_builder(rule, append_unknown)
        return builders[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", compiled)
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
def without_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what lists tell of syncs, which comes a moment after they are read."""
    monkeypatch.setattr(Observer, "observe", lambda *_: [])


@pytest.fixture
def store() -> Iterator[Store]:
    """A store in memory."""
    opened = Store("sqlite://")
    yield opened
    opened.close()


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """A sandbox on its own port."""
    with SandboxServer() as server:
        yield server


@pytest.fixture
def settings(sandbox: SandboxServer) -> Settings:
    """The settings of an account on that sandbox."""
    return account_on(sandbox)


@pytest.fixture
def demo() -> Iterator[Runtime]:
    """The product on the embedded sandbox, with the demo's tenants and people."""
    started = runtimes.start(Settings())
    runtimes.use(started)
    yield started
    runtimes.use(None)
    started.close()


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    """The runtime on that account, which pages and routes use."""
    started = runtimes.start(settings)
    runtimes.use(started)
    yield started
    runtimes.use(None)
    started.close()


@pytest.fixture
def portal(runtime: Runtime) -> Portal:
    """The portal of that account's tenant."""
    return runtime.portal


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    """The JSON API on that account."""
    return create_app(lambda: runtime)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of that JSON API."""
    return app.test_client()


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    """Fivetran's API, with responses that the test writes itself."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def remote_settings() -> Settings:
    """The settings of an account on that API."""
    return ACCOUNT


@pytest.fixture
def remote(api: responses.RequestsMock, remote_settings: Settings) -> Iterator[Runtime]:
    """The runtime on that account."""
    started = runtimes.start(remote_settings)
    yield started
    started.close()


@pytest.fixture
def policy_path(tmp_path: Path) -> Path:
    """The place of the policy file; the file is not there yet."""
    return tmp_path / "policy.yaml"


@pytest.fixture
def under(settings: Settings, policy_path: Path) -> Iterator[Callable[[str], Runtime]]:
    """Start the product under the policy of a tenant acme, written as YAML."""
    started = []

    def start(policy: str) -> Runtime:
        policy_path.write_text(f"version: 1\ntenants:\n  acme: {policy}\n", encoding="utf-8")
        started.append(runtimes.start(replace(settings, policy=str(policy_path))))
        runtimes.use(started[-1])
        return started[-1]

    yield start
    for runtime in started:
        runtime.close()


@pytest.fixture
def caller() -> Iterator[None]:
    """Attribute what this test does to one client."""
    before = CALLER.set(Caller("page", Role.ADMIN, Client("192.0.2.1")))
    yield
    CALLER.reset(before)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock forward by a number of seconds."""

    def move(seconds: float) -> None:
        now = time.time() + seconds
        monkeypatch.setattr("time.time", lambda: now)

    return move


@pytest.fixture(scope="session", autouse=True)
def _move_the_databases_clock_too() -> Iterator[None]:
    """Let the clocks of machine and databases follow `time.time`, which tests move."""
    with pytest.MonkeyPatch.context() as patch:
        for clock in (MachineClock, DatabaseClock):
            patch.setattr(clock, "__call__", lambda _: time.time())
        yield


@pytest.fixture(scope="session", autouse=True)
def _make_tables_once() -> Iterator[None]:
    """Let all stores in memory have copies of the tables of the first one."""
    with copied_tables():
        yield


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with all tables and no rows, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "store.sqlite3"
    Store(f"sqlite:///{file}").close()
    return file


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server, started once for all tests."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a database with all tables and no rows on that server."""
    with postgres.lent() as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, started once for all tests in a browser."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    path = require_package(path, "Chromium", "chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def window(chromium: Browser) -> Iterator[BrowserContext]:
    """A window of that browser, which keeps loaded scripts from one visit to the next."""
    context = new_context(chromium)
    yield context
    context.close()
