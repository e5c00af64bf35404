"""The incidents on the overview, on the connector page and on their own, and promises."""

import time
from datetime import UTC, datetime

import pytest

from pbf.rules.access.permissions import Role
from pbf.rules.watch.freshness import Promise, terms_within
from pbf.store.watch.tables import Promise as Row
from pbf.watch.incidents import new_event, new_incident
from tests.pages.reading import everything, place


@pytest.fixture
def broken(runtime):
    """A connector with an open incident and one that is over."""
    connector = runtime.portal.connectors().items[0]
    rows = runtime.store.incidents
    for number, title in enumerate(("It was late", "It fails again")):
        row = new_incident(
            runtime.portal.tenant.group_id,
            ("late", "failing")[number],
            title,
            target=connector.id,
            opened_at=time.time() - 7200 + number * 3600,
            connector_id=connector.id,
            connector_name=connector.title,
            schema_name=connector.schema_name,
        )
        rows.open(row, new_event(row.id, row.opened_at, "opened", f"Reason {number}"))
        if not number:
            rows.close(row.id, new_event(row.id, time.time() - 5000, "closed", "It works."))
    return connector


def test_the_overview_shows_what_is_under_way(broken, visit):
    text = everything(visit("overview"))

    assert "Incidents under way" in text
    assert "It fails again" in text
    assert "It was late" not in text


@pytest.mark.parametrize(
    ("name", "heading"), [("overview", "All connectors"), ("connector", "Facts")]
)
def test_what_is_below_keeps_its_place_when_an_incident_begins(
    runtime, visit, request, name, heading
):
    connector_id = runtime.portal.connectors().items[0].id
    before = place(visit(name, id=connector_id), heading)
    request.getfixturevalue("broken")

    app = visit(name, id=connector_id)

    assert "It fails again" in everything(app)
    assert place(app, heading) == before


def test_with_an_incident_under_way_the_overview_does_not_say_that_all_is_well(
    empty_runtime, empty_world, visit
):
    empty_world.add_connections(2)
    now = time.time()
    group_id = empty_runtime.portal.tenant.group_id
    row = new_incident(group_id, "late", "It is late", target="one", opened_at=now)
    empty_runtime.store.incidents.open(row, new_event(row.id, now, "opened", "Why"))

    app = visit("overview")

    assert "It is late" in everything(app)
    assert not app.success
    assert [item.value for item in app.info] == [
        "See the incidents above. No other connector needs you."
    ]


def test_the_connector_page_shows_its_incidents_and_its_promise(broken, visit):
    app = visit("connector", id=broken.id)
    text = everything(app)

    assert "Reason 1" in text
    assert "Past incidents of the last 90 days (1)" in [item.label for item in app.expander]
    assert "Promise" in text


def test_past_incidents_of_a_connector_are_sent_once_they_are_asked_for(broken, visit):
    app = visit("connector", id=broken.id)
    assert "Reason 0" not in everything(app)

    app.session_state[f"past-{broken.id}"] = True
    app.run()

    assert "Reason 0" in everything(app)
    assert not app.exception


def test_incidents_can_be_searched(broken, visit):
    app = visit("incidents")
    assert "Under way (1)" in everything(app)
    assert "Past (1)" in everything(app)

    app.text_input(key="incident-search").set_value("late").run()

    assert "It was late" in everything(app)
    assert "It fails again" not in everything(app)


def test_an_admin_makes_a_promise_and_a_link(runtime, visit, as_role):
    as_role(Role.ADMIN)
    group_id = runtime.portal.tenant.group_id
    row = Promise("p", "tenant", "", terms_within(4), datetime.now(UTC), "Ada")
    app = visit("promises")
    assert "Nobody has made a promise yet" in everything(app)

    app.button(key="make-promise").click().run()
    assert "Save" in [button.label for button in app.button]
    runtime.store.promises.put(stored(group_id, row))
    app = visit("promises")
    assert "Never older than 4 hours" in everything(app)
    next(button for button in app.button if button.label == "Make a link").click().run()

    assert "The link is ready" in everything(app)
    assert len(runtime.store.status_links.listed(group_id)) == 1
    next(button for button in app.button if button.label == "Remove").click().run()
    assert runtime.store.promises.listed(group_id) == []


def stored(group_id, promise):
    """The row of a promise of hours."""
    return Row(
        id=promise.id,
        group_id=group_id,
        scope=promise.scope,
        target=promise.target,
        kind="within",
        hours=promise.terms.hours,
        created_by=promise.created_by,
        created_at=promise.created_at.timestamp(),
    )


def test_a_viewer_may_change_no_promise(visit, as_role):
    as_role(Role.VIEWER)

    text = everything(visit("promises"))

    assert "Only an admin may manage promises and notifications" in text
    assert "Promises and status page" not in everything(visit("incidents"))
