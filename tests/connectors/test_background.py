"""The thread that keeps house in each process."""

import threading
import time

import pytest

from pbf.connectors.audit import ACTOR
from pbf.connectors.background import EVERY, Housekeeper
from pbf.errors import ConfigurationError, StoreFailed, TimedOut

NOW = 1_000_000.0


class Portal:
    """A portal of which each part of the housework can fail."""

    def __init__(self, *, due: float | None = None) -> None:
        self.due = due
        self.wrong: dict[str, Exception] = {}
        self.done: list[str] = []

    def _do(self, what: str) -> None:
        self.done.append(what)
        if error := self.wrong.get(what):
            raise type(error)(*error.args)

    def settle_abandoned(self) -> None:
        self._do("settle")

    def carry_out_deletions(self) -> float | None:
        self._do("delete")
        return self.due


def keeper(portal: Portal) -> Housekeeper:
    return Housekeeper(lambda: portal, clock=lambda: NOW)


@pytest.mark.parametrize(
    ("due", "seconds"),
    [
        pytest.param(None, EVERY, id="nothing-waits"),
        pytest.param(NOW + 3600, EVERY, id="due-later"),
        pytest.param(NOW + 7, 7, id="due-soon"),
        pytest.param(NOW - 7, 1, id="due-since"),
    ],
)
def test_it_looks_again_after_half_a_minute_or_when_something_is_due(due, seconds):
    assert keeper(Portal(due=due)).look_round() == seconds


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(TimedOut("late"), "TimedOut: late", id="fivetran"),
        pytest.param(StoreFailed("full"), "StoreFailed: full", id="database"),
        pytest.param(KeyError("a-secret"), "KeyError: unexpected", id="unexpected"),
    ],
)
def test_what_fails_is_logged_once_and_keeps_it_from_nothing_else(error, said, caplog):
    portal = Portal()
    portal.wrong["settle"] = error
    keeping = keeper(portal)

    for _ in range(2):
        keeping.look_round()

    assert portal.done == ["settle", "delete"] * 2
    assert [record.getMessage().startswith(said) for record in caplog.records] == [True]
    assert "a-secret" not in caplog.text

    del portal.wrong["settle"]
    keeping.look_round()
    portal.wrong["settle"] = error
    keeping.look_round()
    assert len(caplog.records) == 2


def test_while_the_settings_are_not_right_it_waits_for_better_ones(caplog):
    portal, wrong = Portal(), [ConfigurationError("FIVETRAN_API_KEY is not set.")] * 2

    def open_portal():
        if wrong:
            raise wrong.pop()
        return portal

    keeping = Housekeeper(open_portal, clock=lambda: NOW)
    assert keeping.look_round() == EVERY
    keeping.look_round()

    assert portal.done == ["settle", "delete"]
    assert len(caplog.records) == 1


def test_it_works_in_a_thread_under_its_own_name_until_it_is_stopped():
    class Watched(Portal):
        def carry_out_deletions(self):
            looks.release()
            names.add(ACTOR.get())
            return time.time()

    looks, names = threading.Semaphore(0), set()
    keeping = Housekeeper(Watched)

    keeping.start()
    assert looks.acquire(timeout=30)
    thread = next(one for one in threading.enumerate() if one.name == "housekeeping")
    assert thread.daemon
    keeping.stop()
    thread.join(30)

    assert not thread.is_alive()
    assert names == {"housekeeping"}
    assert ACTOR.get() == "page"


def test_where_nothing_waits_fivetran_is_not_asked(house, sandbox):
    before = sandbox.world.control.log.total

    Housekeeper(lambda: house.portal).look_round()

    assert sandbox.world.control.log.total == before
