"""Bulkheads: of the threads of a pool, fewer than half wait for the same dependency."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import requests

from pbf import runtime as runtimes
from pbf.cache.shared import SharedCache
from pbf.concurrency import bulkheads
from pbf.concurrency.bulkheads import Dependency, PoolThreads, waiting_for
from pbf.errors import ConfigurationError, FivetranBusy, StoreFailed
from pbf.metrics.instruments import REFUSALS
from pbf.proxy import create_app
from pbf.sandbox.server import SandboxServer
from pbf.server.waitress_server import THREADS
from tests.support.servers import json_api


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(bulkheads, "PATIENCE", 0.0)


class Refused(Exception):
    pass


@contextmanager
def held(pool: PoolThreads, *dependencies: Dependency) -> Iterator[None]:
    """Have one other thread of the pool wait for each dependency until the block ends."""
    proceed = threading.Event()

    def wait(dependency: Dependency) -> None:
        pool.add_current()
        with waiting_for(dependency, Refused):
            entered.release()
            assert proceed.wait(60)

    entered = threading.Semaphore(0)
    with ThreadPoolExecutor(len(dependencies)) as threads:
        waits = [threads.submit(wait, dependency) for dependency in dependencies]
        try:
            for _ in dependencies:
                assert entered.acquire(timeout=60)
            yield
        finally:
            proceed.set()
    for wait_ in waits:
        wait_.result()


def in_pool(pool: PoolThreads, action: Callable[[], object]) -> object:
    """Do something in a thread of the pool; return its result or its error."""

    def run() -> object:
        pool.add_current()
        try:
            return action()
        except Exception as error:
            return error

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result(60)


def test_fewer_than_half_of_a_pool_wait_for_the_same_dependency():
    pool = PoolThreads(10)

    def enter(dependency: Dependency) -> str:
        with waiting_for(dependency, Refused), waiting_for(dependency, Refused):
            return "entered"

    counted = REFUSALS.labels("store")._value.get()
    with held(pool, *[Dependency.STORE] * 4):
        refused = in_pool(pool, lambda: enter(Dependency.STORE))
        other = in_pool(pool, lambda: enter(Dependency.FIVETRAN))
        outside = enter(Dependency.STORE)
    after = in_pool(pool, lambda: enter(Dependency.STORE))

    assert isinstance(refused, Refused)
    assert (other, outside, after) == ("entered",) * 3
    assert REFUSALS.labels("store")._value.get() == counted + 1


def test_a_place_that_is_freed_soon_is_waited_for(monkeypatch):
    monkeypatch.setattr(bulkheads, "PATIENCE", 60.0)
    bulkhead = bulkheads.Bulkhead(1)
    assert bulkhead.enter()

    with ThreadPoolExecutor(1) as thread:
        second = thread.submit(bulkhead.enter)
        bulkhead.leave()

        assert second.result(60)


def test_the_store_and_the_client_refuse_one_thread_too_many(runtime, sandbox):
    pool = PoolThreads(3)
    before = len(sandbox.world.control.log.entries())
    with held(pool, Dependency.STORE, Dependency.FIVETRAN):
        store = in_pool(pool, runtime.store.names)
        client = in_pool(pool, runtime.client.get_account)

    assert isinstance(store, StoreFailed)
    assert isinstance(client, FivetranBusy)
    assert len(sandbox.world.control.log.entries()) == before


def test_a_list_that_is_there_is_returned_while_no_thread_may_wait():
    now = [0.0]
    cache, pool = SharedCache(clock=lambda: now[0]), PoolThreads(3)
    entry = cache.get("key", list, lifetime=lambda _: 1.0)
    now[0] = 100.0
    proceed = threading.Event()

    def fetch():
        assert proceed.wait(60)
        return []

    with held(pool, Dependency.FIVETRAN):
        stale = in_pool(pool, lambda: cache.get("key", fetch, lifetime=lambda _: 1.0))
        missing = in_pool(pool, lambda: cache.get("other", fetch, lifetime=lambda _: 1.0))
    proceed.set()
    cache.close()

    assert stale.items == entry.items
    assert isinstance(stale.problem, FivetranBusy)
    assert isinstance(missing, FivetranBusy)


@pytest.mark.parametrize(
    ("dependency", "path", "code", "wait"),
    [
        (Dependency.STORE, "/_/audit.csv", "store_unavailable", "2"),
        (Dependency.FIVETRAN, "/_/connectors", "fivetran_busy", "5"),
    ],
)
def test_a_route_answers_503_and_says_when_to_try_again(
    runtime, monkeypatch, dependency, path, code, wait
):
    pool = PoolThreads(3)
    monkeypatch.setattr("pbf.proxy.PoolThreads", lambda _threads: pool)
    client = create_app(lambda: runtime, threads=3).test_client()
    with held(pool, dependency):
        answer = in_pool(pool, lambda: client.get(path))

    assert (answer.status_code, answer.json["error"]["code"]) == (503, code)
    assert answer.headers["Retry-After"] == wait


def test_a_slow_start_that_failed_is_not_repeated_by_each_caller(monkeypatch):
    starts = []

    def fail(_settings):
        starts.append(1)
        raise ConfigurationError("The database cannot be opened.")

    monkeypatch.setattr(runtimes, "start", fail)
    monkeypatch.setattr(runtimes, "SLOW_START", -1.0)
    for _ in range(3):
        with pytest.raises(ConfigurationError, match="cannot be opened"):
            runtimes.runtime()
    runtimes.use(None)
    with pytest.raises(ConfigurationError):
        runtimes.runtime()

    assert len(starts) == 2


@pytest.fixture(scope="module")
def url(tmp_path_factory, postgres) -> Iterator[tuple[str, SandboxServer]]:
    """The routes alone, on PostgreSQL and on an account."""
    with SandboxServer() as sandbox:
        settings = {
            "FIVETRAN_API_URL": sandbox.url,
            "FIVETRAN_API_KEY": sandbox.world.api_key,
            "FIVETRAN_API_SECRET": sandbox.world.api_secret,
            "FIVETRAN_GROUP_ID": sandbox.world.group_id,
            "PBF_DATABASE_URL": postgres.fresh(),
        }
        with json_api(tmp_path_factory.mktemp("alone"), **settings) as address:
            yield address, sandbox


def timed(url: str, path: str) -> tuple[int, float]:
    link = HTTPConnection(urlsplit(url).netloc, timeout=60)
    start = time.monotonic()
    link.request("GET", path)
    answer = link.getresponse()
    answer.read()
    link.close()
    return answer.status, time.monotonic() - start


@contextmanager
def calling(address: str, paths: list[str]) -> Iterator[list[tuple[int, float]]]:
    """Call all paths at once; the list has their statuses and seconds once the block has ended."""
    results: list[tuple[int, float]] = []
    with ThreadPoolExecutor(len(paths)) as threads:
        calls = [threads.submit(timed, address, path) for path in paths]
        yield results
        results += [call.result(60) for call in calls]


def quick_calls(address: str) -> list[tuple[int, float]]:
    paths = ("/_/healthz", "/_/services", "/_/connectors") * 30
    return [timed(address, path) for path in paths]


@pytest.mark.exhaustive
def test_lists_and_probes_are_answered_while_everything_else_hangs(url, postgres):
    address, sandbox = url
    connector = requests.get(f"{address}/_/connectors", timeout=60).json()[0]["id"]
    requests.get(f"{address}/_/services", timeout=60)
    slow = [f"/_/connectors/{connector}/form"] * (2 * THREADS)
    path = f"/v1/connections/{connector}/connect-card"
    sandbox.world.control.add_fault("delay", path=path, seconds=12, times=len(slow))

    with calling(address, slow) as forms:
        during_delay = quick_calls(address)
        with postgres.frozen(), calling(address, ["/_/audit.csv"] * (2 * THREADS)) as audits:
            during_both = quick_calls(address)

    assert {status for status, _ in during_delay + during_both} == {200}
    assert max(seconds for _, seconds in during_delay + during_both) < 1
    assert {status for status, _ in forms} == {200, 503}
    assert {status for status, _ in audits} == {503}
    assert max(seconds for _, seconds in audits) < 6
