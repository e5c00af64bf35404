"""The routes of incidents and promises, and the status page, with two tenants."""

import re
import time

import pytest

from pbf.rules.access.permissions import Role
from pbf.watch.incidents import new_event, new_incident
from tests.support.tenants import client_of, make_token, sign_in, start_with_tenants

WEEKDAYS = {
    "scope": "tenant",
    "kind": "by",
    "time": "08:00",
    "days": ["mon", "tue", "wed", "thu", "fri"],
    "time_zone": "Europe/Berlin",
}


@pytest.fixture
def started(sandbox, tmp_path):
    runtime = start_with_tenants(sandbox, tmp_path)
    yield runtime
    runtime.close()


@pytest.fixture
def clients(started):
    """A client of each tenant's admins, and one of a viewer."""
    acme = client_of(started, token=make_token(started, Role.ADMIN))
    globex = client_of(started, token=make_token(started, Role.ADMIN, "globex"))
    return acme, globex, client_of(started, token=make_token(started, Role.VIEWER))


@pytest.fixture
def incident(started):
    """An open incident of acme, whose thread quotes Fivetran."""
    connector = started.portals.of("acme").connectors().items[0]
    row = new_incident(
        connector.group_id or started.portals.of("acme").tenant.group_id,
        "failing",
        f"{connector.title} fails again and again",
        target=connector.id,
        opened_at=time.time() - 60,
        connector_id=connector.id,
        connector_name=connector.title,
        schema_name=connector.schema_name,
    )
    started.store.incidents.open(row, new_event(row.id, row.opened_at, "opened", "FIVETRAN SAYS"))
    return row


def link(runtime) -> str:
    """The path of a new link to acme's status page."""
    from pbf.connectors.access.caller import CALLER, Caller

    before = CALLER.set(Caller("person:1", Role.ADMIN, name="Ada"))
    secret = runtime.watch.status_links(runtime.portals.of("acme")).create()
    CALLER.reset(before)
    return f"/_/status/{secret}"


def test_incidents_are_listed_for_their_tenant_alone(clients, incident):
    acme, globex, viewer = clients

    (listed,) = acme.get("/_/incidents?open=true").json

    assert listed["title"] == incident.title
    assert [event["kind"] for event in listed["events"]] == ["opened"]
    assert viewer.get(f"/_/incidents/{incident.id}").json == listed
    assert globex.get("/_/incidents").json == []
    assert globex.get(f"/_/incidents/{incident.id}").json["error"]["code"] == "unknown_item"
    assert acme.get("/_/incidents?open=maybe").status_code == 400


def test_an_admin_makes_changes_and_removes_a_promise(clients):
    acme, globex, viewer = clients

    made = acme.put("/_/promises", json=WEEKDAYS)
    changed = acme.put("/_/promises", json={"scope": "tenant", "kind": "within", "hours": 4})

    assert made.json["text"] == "Fresh by 08:00 on weekdays (Europe/Berlin)"
    assert [item["text"] for item in viewer.get("/_/promises").json] == ["Never older than 4 hours"]
    assert changed.json["hours"] == 4
    assert globex.get("/_/promises").json == []
    assert globex.delete("/_/promises?scope=tenant").status_code == 404
    assert viewer.put("/_/promises", json=WEEKDAYS).json["error"]["code"] == "forbidden"
    assert acme.delete("/_/promises?scope=tenant").status_code == 200
    assert acme.get("/_/promises").json == []
    assert (
        '"set a promise","Fresh by 08:00 on weekdays (Europe/Berlin)"'
        in acme.get("/_/audit.csv").text
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"time": "25:00"}, "The field time must be", id="no-time"),
        pytest.param({"time_zone": "Mars"}, "There is no such time zone", id="no-zone"),
        pytest.param({"time_zone": "../etc"}, "There is no such time zone", id="a-path"),
        pytest.param({"hours": 4}, "", id="two-kinds"),
        pytest.param({"scope": "service", "target": "nothing"}, "no such service", id="no-service"),
        pytest.param({"target": "x"}, "The scope must be", id="tenant-with-target"),
    ],
)
def test_promises_that_make_no_sense_are_refused(clients, change, message):
    answer = clients[0].put("/_/promises", json=WEEKDAYS | change)

    assert answer.status_code == 400
    assert message in answer.json["error"]["message"]


def test_a_promise_for_another_tenants_connector_is_refused(clients, started):
    theirs = started.portals.of("globex").connectors().items[0].id
    promise = {"scope": "connector", "target": theirs, "kind": "within", "hours": 4}

    assert clients[0].put("/_/promises", json=promise).json["error"]["code"] == "unknown_connector"


def test_the_status_page_names_connectors_and_quotes_nobody(started, incident):
    page = client_of(started).get(link(started))

    names = [item.title for item in started.portals.of("acme").connectors().items]
    assert page.status_code == 200
    assert all(name in page.text for name in names)
    assert "FIVETRAN SAYS" not in page.text
    assert "Incidents under way" in page.text
    assert not any(
        item.title in page.text for item in started.portals.of("globex").connectors().items
    )
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Cache-Control"] == "private, max-age=60"
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert not re.search("style=|<script|onclick", page.text)
    assert page.text.count('role="img" aria-label="The last 90 days') == len(names)


def test_a_crowd_costs_one_reading(started, monkeypatch):
    path, client = link(started), client_of(started)
    made = []
    pages = started.watch._pages
    make = pages._make
    monkeypatch.setattr(pages, "_make", lambda *args: made.append(1) or make(*args))

    assert {client.get(path).status_code for _ in range(20)} == {200}
    assert made == [1]


def test_a_revoked_link_is_like_one_that_never_was(started):
    path, client = link(started), client_of(started)
    admin = sign_in(started, "Ada", Role.ADMIN)
    assert client.get(path).status_code == 200
    (row,) = started.store.status_links.listed(started.portals.of("acme").tenant.group_id)
    assert started.store.status_links.revoke("another", row.id, 1.0) is False
    assert started.store.status_links.revoke(row.group_id, row.id, 1.0)

    revoked, wrong = client.get(path), client.get("/_/status/never")

    assert admin.identity.role is Role.ADMIN
    assert (revoked.status_code, wrong.status_code) == (404, 404)
    assert revoked.data == wrong.data
    assert path.rpartition("/")[2] not in repr(row)
