import threading
from dataclasses import replace

import pytest
import responses

from pbf import runtime as runtimes
from pbf.connectors.account.account_list import list_key
from pbf.errors import StoreFailed
from pbf.identity.models import Identity
from pbf.jobs.runner import ACCOUNT
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from pbf.runtime.revisions import LIFETIME, NOBODY, SUBJECTS, Recent, Revisions
from pbf.store.tables import Job
from tests.pages.conftest import CONNECTORS
from tests.support.accounts import ACCOUNT as SETTINGS
from tests.support.accounts import account_on
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def revisions(runtime, clock) -> Revisions:
    return Revisions(runtime, clock=clock)


def anybody(runtime: Runtime) -> Identity:
    """Whom everybody is without sign-in."""
    return runtime.identity.authentication.of_page(None)


@pytest.fixture
def visitor(runtime) -> Identity:
    return anybody(runtime)


@pytest.mark.parametrize("subject", sorted(SUBJECTS))
def test_while_nothing_changes_the_revision_stays(runtime, revisions, visitor, clock, subject):
    runtime.portal.connectors()
    first = revisions.of(visitor, subject)

    clock.advance(LIFETIME)

    assert revisions.of(visitor, subject) == first


def test_a_change_here_changes_the_revision(runtime, revisions, visitor, clock):
    connector = runtime.portal.connectors().items[0]
    first = revisions.of(visitor, "connectors")

    runtime.portal.operations.pause(connector.id)
    clock.advance(LIFETIME)

    assert revisions.of(visitor, "connectors") != first


def test_a_change_that_another_process_made_changes_the_revision(sandbox, tmp_path, visitor, clock):
    settings = account_on(sandbox, database_url=f"sqlite:///{tmp_path / 'pbf.sqlite3'}")
    ours, other = runtimes.start(settings), runtimes.start(settings)
    revisions = Revisions(ours, clock=clock)
    first = revisions.of(visitor, "incidents")
    assert Revisions(other).of(visitor, "incidents") == first

    with other.portal.audit_log.record("sync", "one"):
        pass
    clock.advance(LIFETIME)

    assert revisions.of(visitor, "incidents") != first
    assert revisions.of(visitor, "incidents") == Revisions(other).of(visitor, "incidents")
    for runtime in (ours, other):
        runtime.close()


def test_what_somebody_may_do_changes_the_revision(revisions, visitor):
    viewer = replace(visitor, role=Role.VIEWER)
    narrowed = replace(visitor, services=frozenset({"stripe"}))

    different = {revisions.of(who, "connectors") for who in (visitor, viewer, narrowed)}

    assert len(different) == 3


def test_only_operators_learn_of_other_tenants(runtime, revisions, visitor, clock):
    people = [replace(visitor, role=role) for role in (Role.ADMIN, Role.OPERATOR)]
    admins, operators = [revisions.of(who, "jobs") for who in people]

    runtime.store.jobs.add(Job(group_id=ACCOUNT, name="judge connectors", due_at=clock()))
    clock.advance(LIFETIME)

    assert revisions.of(people[0], "jobs") == admins
    assert revisions.of(people[1], "jobs") != operators


def test_incidents_need_nothing_of_fivetran():
    runtime = runtimes.start(SETTINGS)
    with responses.RequestsMock():
        assert Revisions(runtime).of(anybody(runtime), "incidents")
    runtime.close()


def test_a_failure_changes_the_revision_until_it_is_over(clock):
    runtime = runtimes.start(SETTINGS)
    visitor = anybody(runtime)
    revisions = Revisions(runtime, clock=clock)
    with responses.RequestsMock() as refused:
        refused.get(CONNECTORS, status=401, json={})
        failing = revisions.of(visitor, "connectors")
    runtime.cache.forget(list_key("our_group"))
    clock.advance(LIFETIME)
    with responses.RequestsMock() as answering:
        answering.get(CONNECTORS, json={"code": "Success", "data": {"items": []}})
        working = revisions.of(visitor, "connectors")

    assert failing != working
    runtime.close()


def test_a_database_that_fails_changes_the_revision(runtime, visitor, clock, monkeypatch):
    revisions = Revisions(runtime, clock=clock)
    first = revisions.of(visitor, "incidents")

    def fail(*_: object) -> None:
        raise StoreFailed("The database does not answer.")

    monkeypatch.setattr(runtime.store, "marks", fail)
    clock.advance(LIFETIME)

    assert revisions.of(visitor, "incidents") != first


def test_a_request_without_a_session_has_a_revision_of_its_own(runtime, revisions):
    authentication = runtime.identity.authentication
    authentication._default = None

    assert revisions.of_request([], {}, "connectors") == NOBODY


def test_an_unknown_subject_is_refused(revisions):
    with pytest.raises(ValueError, match="no such subject"):
        revisions.of_request([], {}, "secrets")


def test_a_recent_value_is_computed_once(clock):
    recent, computed = Recent(clock), []

    for _ in range(3):
        recent.get("a", lambda: computed.append(1) or len(computed))
    clock.advance(LIFETIME)

    assert recent.get("a", lambda: computed.append(1) or len(computed)) == 2


def test_while_a_thread_computes_others_get_the_last_value(clock):
    recent, begun, goes_on = Recent(clock), threading.Event(), threading.Event()
    recent.get("a", lambda: "old")
    clock.advance(LIFETIME)

    def compute() -> str:
        begun.set()
        assert goes_on.wait(60)
        return "new"

    thread = threading.Thread(target=recent.get, args=("a", compute))
    thread.start()
    assert begun.wait(60)

    assert recent.get("a", lambda: pytest.fail("one thread computes")) == "old"
    goes_on.set()
    thread.join()
    assert recent.get("a", lambda: pytest.fail("it is recent")) == "new"


def test_an_error_is_not_kept(clock):
    recent = Recent(clock)
    with pytest.raises(StoreFailed):
        recent.get("a", lambda: (_ for _ in ()).throw(StoreFailed("It fails.")))

    assert recent.get("a", lambda: "value") == "value"
