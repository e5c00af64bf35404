"""Real processes that send the same messages, one of which is killed in the middle."""

import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from pbf.store.store import Store
from pbf.watch.notifications.webhooks import new_secret
from tests.support.clock import Clock
from tests.support.receivers import webhook_receiver
from tests.support.servers import ROOT, clean_environment
from tests.support.stores import address
from tests.watch.sending import Scene, channel, incident

CHANNELS, INCIDENTS = 10, 4


@pytest.fixture
def receiver():
    with webhook_receiver() as server:
        yield server


@pytest.fixture(params=["file", "postgres"])
def url(request, tmp_path):
    return address(request, tmp_path)


def leave_messages(url: str, receiver, *, channels: int, incidents: int) -> int:
    """Store incidents that are to be told to webhooks, and return how many messages wait."""
    store = Store(url)
    for number in range(channels):
        hook = {"kind": "webhook", "address": receiver.url, "secret": new_secret()}
        store.channels.add(channel(f"ch{number}", **hook))
    scene = Scene(store, clock=Clock(time.time()))
    for number in range(incidents):
        scene.notifier.incident_opened(incident(id=f"i{number}", title=f"Problem {number}"))
    store.close()
    return channels * incidents


@contextmanager
def processes(number: int, url: str, *, lease: float):
    """Start processes that wait for a line, and end those that are still there."""
    command = [sys.executable, "-m", "tests.watch.sending_process", url, str(lease)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started = [
        subprocess.Popen(command, cwd=ROOT, env=clean_environment(), **pipes) for _ in range(number)
    ]
    try:
        for process in started:
            assert process.stdout.readline() == "ready\n"
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def begin(process) -> None:
    process.stdin.write("\n")
    process.stdin.flush()


def ids_of(receiver) -> Counter:
    return Counter(headers["webhook-id"] for _, headers, _ in receiver.requests)


def test_of_two_processes_one_sends_each_message(url, receiver):
    number = leave_messages(url, receiver, channels=CHANNELS, incidents=INCIDENTS)

    with processes(2, url, lease=180) as both:
        for process in both:
            begin(process)
        assert [process.wait(60) for process in both] == [0, 0]

    assert len(receiver.requests) == number
    assert set(ids_of(receiver).values()) == {1}


def test_what_a_killed_process_was_sending_is_sent_by_another_and_nothing_else_twice(url, receiver):
    number = leave_messages(url, receiver, channels=1, incidents=INCIDENTS)
    receiver.answers.clear()

    with processes(2, url, lease=1) as (first, second):
        begin(first)
        _, headers, _ = receiver.next()  # taken, and not answered
        first.kill()
        first.wait(60)
        receiver.answers.set()
        begin(second)
        assert second.wait(60) == 0

    counts = ids_of(receiver)
    assert counts.pop(headers["webhook-id"]) == 2
    assert len(counts) == number - 1
    assert set(counts.values()) == {1}
