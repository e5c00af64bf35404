"""What callers with and without rights may do with a portal."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from pbf.connectors.access.caller import CALLER, NOBODY, Caller, acting_as, caller
from pbf.connectors.portal import Portal
from pbf.errors import ApiError, InputError, NotPermitted
from pbf.rules.access.permissions import Role

PUBLIC_URL = "http://localhost"
Action = Callable[[Portal, str], object]

CHANGES: dict[str, Action] = {
    "pause": lambda portal, id: portal.operations.pause(id),
    "resume": lambda portal, id: portal.operations.resume(id),
    "change": lambda portal, id: portal.operations.change(id, paused=True),
    "reschedule": lambda portal, id: portal.operations.change(id, timing={"sync_frequency": 60}),
    "sync": lambda portal, id: portal.operations.sync(id),
    "resync": lambda portal, id: portal.operations.resync(id),
    "test": lambda portal, id: portal.operations.test(id),
    "delete": lambda portal, id: portal.operations.delete(id),
    "reload": lambda portal, id: portal.operations.reload_schemas(id, before=None),
    "tables": lambda portal, id: portal.operations.choose_tables(id, {("a", "b"): True}),
    "card": lambda portal, id: portal.cards.open(id, public_url=PUBLIC_URL),
    "form": lambda portal, id: portal.cards.form(id, public_url=PUBLIC_URL),
    "invite": lambda portal, id: portal.links.create(id, public_url=PUBLIC_URL),
    "create": lambda portal, id: portal.create("google_ads", "Ads", public_url=PUBLIC_URL),
}
OF_ADMINS: dict[str, Action] = {
    "delete now": lambda portal, id: portal.operations.delete(id, now=True),
    "export": lambda portal, id: next(portal.audit_log.csv()),
}


@pytest.fixture
def act() -> Iterator[Callable[[Role | None], None]]:
    """Give the rest of the test a role."""
    before = CALLER.set(NOBODY)
    yield lambda role: CALLER.set(Caller("person:1", role)) and None
    CALLER.reset(before)


@pytest.fixture
def connector_id(portal: Portal) -> str:
    """A connector that works."""
    return next(item.id for item in portal.connectors().items if not item.paused and item.is_set_up)


@pytest.mark.parametrize("role", [None, Role.VIEWER])
@pytest.mark.parametrize("action", CHANGES)
def test_viewers_and_nobody_change_nothing(action, role, portal, connector_id, act, sandbox):
    before = repr(sandbox.world.connections[connector_id])
    act(role)

    with pytest.raises(NotPermitted):
        CHANGES[action](portal, connector_id)

    assert repr(sandbox.world.connections[connector_id]) == before


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.EDITOR])
@pytest.mark.parametrize("action", OF_ADMINS)
def test_only_admins_delete_at_once_and_export(action, role, portal, connector_id, act, sandbox):
    act(role)

    with pytest.raises(NotPermitted):
        OF_ADMINS[action](portal, connector_id)

    assert connector_id in sandbox.world.connections


@pytest.mark.parametrize("action", [*CHANGES, *OF_ADMINS])
def test_admins_may_do_everything(action, portal, connector_id, act):
    act(Role.ADMIN)
    portal.operations.pause(connector_id)
    do = (CHANGES | OF_ADMINS)[action]

    with suppress(ApiError, InputError):  # such as a sync that runs already
        do(portal, connector_id)

    assert portal.audit_log.newest(1)[0].outcome != "NotPermitted"


def test_a_refused_action_is_in_the_audit_log(portal, connector_id, act):
    act(Role.VIEWER)

    with pytest.raises(NotPermitted):
        portal.operations.pause(connector_id)

    entry = portal.audit_log.newest(1)[0]
    assert (entry.actor, entry.what, entry.outcome) == ("person:1", "pause", "NotPermitted")


def test_an_actor_of_the_process_acts_only_within():
    with acting_as("command"):
        assert (caller().actor, caller().role) == ("command", Role.OPERATOR)

    assert caller().actor != "command"
