"""The thread of background work."""

import threading

from pbf.errors import ConfigurationError
from pbf.jobs.runner import JobRunner, JobSpec
from pbf.jobs.starter import JobThread
from pbf.store.store import Store
from tests.support.servers import PATIENCE


def test_while_the_settings_are_wrong_it_waits_until_they_are_corrected(monkeypatch, caplog):
    store, runs = Store("sqlite://"), threading.Semaphore(0)
    errors = [ConfigurationError("FIVETRAN_API_KEY is not set.")] * 2

    def open_runner() -> JobRunner:
        if errors:
            raise errors.pop()
        return JobRunner(store, [JobSpec("work", 30, runs.release)])

    monkeypatch.setattr("pbf.jobs.starter.INTERVAL", 0.0)
    worker = JobThread(open_runner)
    worker.start()

    assert runs.acquire(timeout=PATIENCE)
    thread = next(thread for thread in threading.enumerate() if thread.name == "background")
    assert thread.daemon
    worker.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert [record.getMessage() for record in caplog.records] == [
        "ConfigurationError: FIVETRAN_API_KEY is not set."
    ]
    store.close()


def test_the_text_of_a_foreign_error_is_not_logged(caplog):
    def open_runner() -> JobRunner:
        raise KeyError("a-secret")

    assert not JobThread(open_runner).opened()

    assert "KeyError" in caplog.text
    assert "a-secret" not in caplog.text


def test_once_stopped_it_opens_nothing():
    opened: list[int] = []
    worker = JobThread(lambda: opened.append(1))
    worker.stop()

    worker.run()

    assert opened == []
