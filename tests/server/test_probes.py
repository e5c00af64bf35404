"""Liveness and readiness: answered at once, and true about what the process depends on."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from waitress.task import ThreadedTaskDispatcher

from pbf import runtime as runtimes
from pbf.concurrency import draining
from pbf.errors import ConfigurationError
from pbf.proxy import create_app
from pbf.runtime import Runtime
from pbf.runtime.readiness import NO_LISTS, OLD_TABLES, ReadinessCheck
from pbf.server.probes.answers import ReadinessWatch
from pbf.server.waitress_server import ProbesApart
from tests.support.redis_server import redis_server


def probes(open_runtime: Callable[[], Runtime]) -> ReadinessWatch:
    """The probes of an app that looks when the test says so."""
    watch = ReadinessWatch(ReadinessCheck(open_runtime))
    watch._is_started = True
    return watch


def readiness(watch: ReadinessWatch) -> tuple[int, dict]:
    client = create_app(lambda: pytest.fail("a probe opens nothing"), readiness=watch).test_client()
    answer = client.get("/_/readyz")
    return answer.status_code, answer.json


def looked(runtime: Runtime, *, first_lists: bool = True) -> ReadinessWatch:
    if first_lists:
        runtime.portal.services()
        runtime.portal.connectors()
    watch = probes(lambda: runtime)
    watch.look()
    return watch


def states(document: dict) -> dict[str, str]:
    return {name: part["state"] for name, part in document["dependencies"].items()}


def test_liveness_opens_nothing():
    client = create_app(lambda: pytest.fail("liveness opens nothing")).test_client()

    answers = [client.get("/_/healthz"), client.head("/_/healthz", headers={"Host": "10.0.0.7"})]

    assert [(answer.status_code, answer.data) for answer in answers] == [
        (200, b'{"status": "ok"}'),
        (200, b""),
    ]
    assert answers[0].headers["Cache-Control"] == "no-store"


def test_a_process_that_ends_is_unavailable_and_still_lives(runtime: Runtime):
    watch = looked(runtime)
    draining.begin()
    try:
        status, document = readiness(watch)
        lives = watch.answer("/_/healthz").status
    finally:
        draining.cancel()

    assert (status, document["problems"]) == (503, ["The server is shutting down."])
    assert lives == 200


def test_a_process_is_unavailable_until_somebody_has_looked():
    status, document = readiness(probes(lambda: pytest.fail("nobody looks")))

    assert (status, document["status"]) == (503, "unavailable")


def test_invalid_settings_are_a_problem():
    def invalid() -> Runtime:
        raise ConfigurationError("PBF_TIMEOUT is not a number.")

    watch = probes(invalid)
    watch.look()

    status, document = readiness(watch)

    assert (status, document["problems"]) == (503, ["PBF_TIMEOUT is not a number."])


def test_with_the_first_lists_a_process_is_ready(runtime):
    status, document = readiness(looked(runtime))

    assert (status, document["status"], document["problems"]) == (200, "ready", [])
    assert states(document) == {"database": "ok", "fivetran": "ok"}
    assert all(0 <= part["answered"] < 60 for part in document["dependencies"].values())


def test_the_first_lists_are_read_by_the_look(runtime):
    watch = looked(runtime, first_lists=False)
    before = readiness(watch)
    watch._look._warm_up.join(60)
    watch.look()

    assert (before[0], before[1]["problems"]) == (503, [NO_LISTS])
    assert readiness(watch)[0] == 200


def test_what_is_away_later_degrades_a_process_alone(settings, postgres_database, postgres):
    runtime = runtimes.start(replace(settings, database_url=postgres_database))
    watch = looked(runtime)
    runtime.client.latest.failed_at = runtime.client.latest.answered_at + 1

    with postgres.away(postgres_database):
        watch.look()
        status, document = readiness(watch)
    watch.look()
    back = readiness(watch)[1]
    runtime.close()

    assert (status, document["status"]) == (200, "degraded")
    assert states(document) == {"database": "away", "fivetran": "away"}
    assert document["dependencies"]["database"]["answered"] is not None
    assert states(back) == {"database": "ok", "fivetran": "away"}


def test_redis_is_a_dependency_where_it_is_used(settings, tmp_path):
    with redis_server(tmp_path) as url:
        runtime = runtimes.start(replace(settings, redis_url=url))
        watch = looked(runtime)
        there = readiness(watch)[1]
    watch.look()
    gone = readiness(watch)[1]
    runtime.close()

    assert (there["status"], there["dependencies"]["redis"]["state"]) == ("ready", "ok")
    assert (gone["status"], gone["dependencies"]["redis"]["state"]) == ("degraded", "away")


def test_tables_of_an_older_version_are_a_problem(runtime, monkeypatch):
    monkeypatch.setattr(runtime.store, "version", lambda: "0001")

    status, document = readiness(looked(runtime))

    assert (status, document["problems"]) == (503, [OLD_TABLES])


def test_calls_to_fivetran_show_whether_it_answers(runtime, sandbox):
    runtime.client.get_account()
    answered = runtime.client.latest.answered_at
    sandbox.stop()

    with pytest.raises(Exception, match="cannot be reached"):
        runtime.client.get_account()

    assert runtime.client.latest.failed_at > answered


class Channel:
    """A connection to waitress whose request waits, unless it is a probe."""

    def __init__(self, path: str, proceed: threading.Event) -> None:
        self.path = path
        self.requests = [self]
        self.has_ended = threading.Event()
        self._proceed = proceed

    def service(self) -> None:
        assert self.path == "/_/healthz" or self._proceed.wait(60)
        self.has_ended.set()


def test_probes_are_answered_while_every_thread_of_the_routes_waits():
    proceed = threading.Event()
    others = ThreadedTaskDispatcher()
    others.set_thread_count(1)
    dispatcher = ProbesApart(others)
    waiting, probe = Channel("/_/connectors", proceed), Channel("/_/healthz", proceed)
    dispatcher.add_task(waiting)

    dispatcher.add_task(probe)

    assert probe.has_ended.wait(60)
    assert not waiting.has_ended.is_set()
    proceed.set()
    assert waiting.has_ended.wait(60)
    dispatcher.shutdown()
