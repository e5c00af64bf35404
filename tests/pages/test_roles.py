"""Every page as a viewer, an editor and an admin, and as nobody."""

import pytest

from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from pbf.store.tables import Job
from tests.pages.conftest import Visit
from tests.pages.reading import everything

PAGES = [
    "overview",
    "services",
    "connectors",
    "activity",
    "connect",
    "connector",
    "tables",
    "incidents",
    "notifications",
]
VIEWER = "Your role is viewer. Only an editor may change connectors; ask one to do it."
LOOKING = {"Try again", "Select all", "Select none"}


@pytest.fixture
def query(runtime: Runtime) -> dict[str, str]:
    """The address of a connector that works, and of a service."""
    connectors = runtime.portal.connectors().items
    works = next(item for item in connectors if item.is_set_up and not item.paused)
    return {"id": works.id, "service": "google_ads"}


@pytest.mark.parametrize("name", PAGES)
def test_nobody_sees_anything_but_the_way_to_sign_in(name, as_role, query, visit: Visit):
    as_role(None)
    page = visit(name, **query)

    assert [title.value for title in page.title] == ["Your session has ended"]
    assert not page.exception
    assert not page.button
    assert "/_/sign-in?next=" in everything(page)


@pytest.mark.parametrize("name", PAGES)
def test_viewers_are_offered_nothing_that_changes_anything(name, as_role, query, visit: Visit):
    as_role(Role.VIEWER)
    page = visit(name, **query)

    assert not page.exception
    assert not page.error
    offered = {button.label for button in page.button if not button.disabled} - LOOKING
    assert offered <= {"See all connectors", "Download CSV", "Add a channel for me"}


@pytest.mark.parametrize("name", ["connect", "connector", "tables"])
def test_viewers_are_told_why(name, as_role, query, visit: Visit):
    as_role(Role.VIEWER)

    assert VIEWER in everything(visit(name, **query))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("role", [Role.EDITOR, Role.ADMIN, Role.OPERATOR])
def test_editors_and_above_see_each_page_without_a_refusal(name, role, as_role, query, visit):
    as_role(role)
    page = visit(name, **query)

    assert not page.exception
    assert not page.error
    # With sign-in off, an editor has no channels.
    assert "Your role is" not in everything(page) or (name, role) == ("notifications", Role.EDITOR)


@pytest.mark.parametrize(("role", "offered"), [(Role.EDITOR, False), (Role.ADMIN, True)])
def test_only_admins_export_the_audit_log(role, offered, as_role, visit: Visit):
    as_role(role)

    assert ("audit.csv" in everything(visit("activity"))) is offered


@pytest.mark.parametrize(("role", "offered"), [(Role.EDITOR, False), (Role.ADMIN, True)])
def test_only_admins_delete_at_once(role, offered, as_role, query, visit, runtime):
    runtime.portal.operations.delete(query["id"])
    as_role(role)
    labels = {button.label for button in visit("connector", id=query["id"]).button}

    assert "Undo" in labels
    assert ("Delete for good now" in labels) is offered


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN, Role.OPERATOR])
def test_only_admins_and_operators_manage_promises_and_channels_of_the_tenant(
    role, as_role, visit: Visit
):
    as_role(role)
    promises, channels = visit("promises"), visit("notifications")

    may = role in (Role.ADMIN, Role.OPERATOR)
    assert not promises.exception
    assert {"Make a promise", "Make a link"} <= {one.label for one in promises.button} or not may
    assert may or not promises.button
    assert may or "Only an admin" in everything(promises)
    assert ("Channels of the tenant" in [one.value for one in channels.header]) is may
    assert ("Promises and status page" in everything(visit("incidents"))) is may


@pytest.mark.parametrize("name", ["promises", "jobs"])
def test_nobody_sees_what_admins_and_operators_see(name, as_role, visit: Visit):
    as_role(None)
    page = visit(name)

    assert [title.value for title in page.title] == ["Your session has ended"]
    assert not page.button


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN])
def test_only_operators_see_the_jobs(role, as_role, visit: Visit, runtime):
    runtime.store.jobs.add(Job(group_id="", name="judge connectors", due_at=1.0))
    as_role(role)
    page = visit("jobs")

    assert not page.exception
    assert "Run now" not in {one.label for one in page.button}
    assert "Judge connectors" not in everything(page)
