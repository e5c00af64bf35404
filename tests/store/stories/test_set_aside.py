"""What is stored of a group's connectors, set aside and put back."""

import pytest

from pbf.store.tables import Deletion
from pbf.store.timeline.tables import LastSeen
from pbf.store.watch.tables import Promise
from pbf.timeline.observer import STORED
from pbf.watch.incidents import new_event, new_incident

NOW = 1_800_000_000.0


def fill(store, group_id):
    """Store an incident with a thread, a pending deletion and more of a group."""
    incident = new_incident(
        group_id,
        "needs_action",
        "It needs you",
        target="c1",
        opened_at=NOW,
        connector_id="c1",
        connector_name="C",
        schema_name="c",
    )
    store.incidents.open(incident, new_event(incident.id, NOW, "opened", "Why."))
    store.deletions.add(
        Deletion(
            group_id=group_id,
            connector_id="c2",
            service="stripe",
            name="c2",
            schema_name="c2",
            was_paused=False,
            due_at=NOW,
        )
    )
    seen = LastSeen(group_id=group_id, connector_id="c1", schema_name="c", seen_at=NOW)
    store.last_seen.put(group_id, [{name: getattr(seen, name) for name in STORED}])
    store.observations.add(group_id, ["history"], NOW - 60, NOW)


def stored(store, group_id):
    """Return what is stored of a group, as texts."""
    incidents = store.incidents.listed(group_id, NOW, connector_id="", since=0.0, limit=9)
    return {
        "incidents": [(row.id, row.title, row.open_key) for row in incidents],
        "events": {
            incident: [(event.kind, event.text) for event in events]
            for incident, events in store.incidents.events([row.id for row in incidents]).items()
        },
        "deletions": [row.connector_id for row in store.deletions.listed(group_id)],
        "last seen": [row.connector_id for row in store.last_seen.listed(group_id)],
        "observed": store.observations.last_until(group_id, "history"),
    }


def test_what_is_set_aside_is_gone_and_comes_back_as_it_was(store):
    fill(store, "a")
    before, nothing = stored(store, "a"), stored(store, "empty")

    rows = store.set_aside.take(["a"])
    assert stored(store, "a") == nothing
    fill(store, "b")  # may be given the numbers of what was taken
    fill(store, "a")
    store.set_aside.put_back(["a"], rows)

    assert stored(store, "a") == before
    assert before["incidents"]


def test_other_groups_keep_what_is_stored_of_them(store):
    fill(store, "a")
    fill(store, "b")
    before = stored(store, "b")

    store.set_aside.take(["a"])

    assert stored(store, "b") == before


def test_what_people_made_stays(store):
    store.promises.put(
        Promise(
            id="p",
            group_id="a",
            scope="tenant",
            target="",
            kind="within",
            hours=3.0,
            created_by="ada",
            created_at=NOW,
        )
    )

    store.set_aside.take(["a"])

    assert [row.id for row in store.promises.listed("a")] == ["p"]


@pytest.mark.parametrize("number", [0, 1, 1000])
def test_tenants_of_groups_are_stored_and_removed_together(store, number):
    store.tenants.add("own", name="Own", group_id="g", policy="", now=NOW)
    names = {f"group_{index}": f"Customer_{index:04}" for index in range(number)}

    store.tenants.add_all(names, now=NOW)

    tenants = {row.id: (row.name, row.group_id) for row in store.tenants.active()}
    assert len(tenants) == number + 1
    if number:
        assert tenants["customer_0000"] == ("Customer 0000", "group_0")
    store.tenants.remove_all(names)
    assert [row.id for row in store.tenants.listed()] == ["own"]
