"""Draining: no new writes, and those under way come to their end."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from pbf.concurrency import draining
from pbf.errors import ShuttingDown
from pbf.jobs.runner import JobRunner, JobSpec
from tests.support.clock import Clock
from tests.support.servers import PATIENCE, ROOT, clean_environment

WRITES = """
import signal, sys, threading
from pbf.concurrency import draining
from pbf.errors import ShuttingDown
from pbf.server.shutdown import call_on_shutdown

def write():
    with draining.write():
        begun.set()
        sys.stdin.readline()
        print("written", flush=True)

begun, closed = threading.Event(), threading.Event()
signal.signal(signal.SIGTERM, lambda number, frame: closed.set())
call_on_shutdown(drain=60)
threading.Thread(target=write, daemon=True).start()
begun.wait()
print("ready", flush=True)
refused = False
while not closed.wait(0.01):
    if not refused:
        try:
            with draining.write():
                pass
        except ShuttingDown:
            refused = True
            print("refused", flush=True)
print("closed", flush=True)
"""


@pytest.fixture(autouse=True)
def after() -> Iterator[None]:
    yield
    draining.cancel()


@pytest.fixture
def process_that_writes() -> Iterator[Callable[[], subprocess.Popen]]:
    """Start a process that writes until it reads a line."""
    started = []

    def start() -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", WRITES],
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_process_that_drains_starts_no_write():
    draining.begin()

    with pytest.raises(ShuttingDown), draining.write():
        pass
    assert draining.is_draining()


def test_a_write_under_way_goes_on_and_is_waited_for():
    begun, may_end = threading.Event(), threading.Event()

    def write() -> None:
        with draining.write():
            begun.set()
            may_end.wait(PATIENCE)
            with draining.write():  # a part of it
                pass

    thread = threading.Thread(target=write)
    thread.start()
    assert begun.wait(PATIENCE)

    draining.begin()

    assert not draining.wait(0)
    may_end.set()
    assert draining.wait(PATIENCE)
    thread.join()


def test_routes_refuse_changes_while_the_process_drains_and_go_on_reading(client, runtime):
    before = len(client.get("/_/connectors").json)
    draining.begin()

    refused = client.post("/_/connectors", json={"service": "stripe", "name": "Sales"})

    assert (refused.status_code, refused.json["error"]["code"]) == (503, "shutting_down")
    assert refused.json["error"]["message"].startswith("This server is being restarted")
    assert int(refused.headers["Retry-After"]) > 0
    assert len(client.get("/_/connectors").json) == before


def test_a_change_on_a_route_is_under_way_until_it_is_answered(client, runtime, monkeypatch):
    states = []
    create = runtime.portal._creation.create

    def observed(*given, **options):
        draining.begin()
        states.append(draining.wait(0))
        return create(*given, **options)

    monkeypatch.setattr(runtime.portal._creation, "create", observed)

    created = client.post("/_/connectors", json={"service": "stripe", "name": "Sales"})

    assert (created.status_code, states, draining.wait(0)) == (200, [False], True)


def test_pages_and_background_work_change_nothing_either(runtime, caller):
    draining.begin()

    with pytest.raises(ShuttingDown):
        runtime.portal.create("stripe", "Sales", public_url="http://localhost")
    assert runtime.store.creations.unsettled(runtime.portal.tenant.group_id) == []


def test_a_job_that_is_refused_is_left_to_another_process(store):
    def work() -> None:
        draining.begin()
        with draining.write():
            pass

    clock = Clock()
    JobRunner(store, [JobSpec("work", 30, work)], clock=clock).run_due()

    row = store.jobs.find("", "work")
    assert row
    assert (row.owner, row.failures, row.due_at) == ("", 0, clock())


def test_sigterm_waits_for_writes_under_way_and_a_second_one_does_not(process_that_writes):
    process = process_that_writes()

    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "refused\n"
    assert process.poll() is None
    output, _ = process.communicate("go on\n", timeout=PATIENCE)
    assert output == "written\nclosed\n"

    hasty = process_that_writes()
    hasty.send_signal(signal.SIGTERM)
    assert hasty.stdout.readline() == "refused\n"
    hasty.send_signal(signal.SIGTERM)
    assert hasty.stdout.readline() == "closed\n"
    hasty.wait(PATIENCE)
