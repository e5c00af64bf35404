import pytest

from pbf.store.store import Store
from pbf.store.tables import ColleagueLink
from pbf.watch.incidents import new_event, new_incident
from tests.support.clock import START as NOW
from tests.support.stores import deletion

GROUP, OTHER = "g", "another"


def add_entry(store: Store) -> None:
    with store.audit.recording(
        actor="page", what="sync", group_id=GROUP, connector_id="one", name="sales"
    ) as entry:
        entry.outcome = "done"


def add_incident(store: Store) -> None:
    row = new_incident(GROUP, "late", "It is late", target="one", opened_at=NOW)
    store.incidents.open(row, new_event(row.id, NOW, "opened", "Late"))


def end_incident(store: Store) -> None:
    (row,) = store.incidents.open_of(GROUP, NOW + 9)
    store.incidents.close(row.id, new_event(row.id, NOW + 1, "closed", "It works."))


def add_link(store: Store) -> None:
    link = ColleagueLink(
        id="a",
        digest="d",
        group_id=GROUP,
        connector_id="one",
        schema_name="sales",
        note="",
        asker="Ada",
        created_at=NOW,
        expires_at=NOW + 60,
    )
    store.colleague_links.add(link)


CHANGES = {
    "an entry of the audit log": [add_entry],
    "an incident": [add_incident],
    "its end": [add_incident, end_incident],
    "a deletion": [lambda store: store.deletions.add(deletion())],
    "a link": [add_link],
    "its use": [add_link, lambda store: store.colleague_links.mark_opened(GROUP, "a", NOW)],
}


@pytest.mark.parametrize("steps", CHANGES.values(), ids=CHANGES.keys())
def test_what_pages_show_changes_the_marks_of_its_group_and_of_all(store, steps):
    *earlier, step = steps
    for change in earlier:
        change(store)
    before = [store.marks(group) for group in (None, GROUP, OTHER)]

    step(store)

    of_all, own, other = (store.marks(group) for group in (None, GROUP, OTHER))
    assert of_all != before[0]
    assert own != before[1]
    assert other == before[2]
    assert (of_all, own) == (store.marks(), store.marks(GROUP))


def test_an_incident_that_waits_counts_once_it_opens(store, monkeypatch):
    row = new_incident(GROUP, "late", "It is late", target="one", opened_at=NOW + 60)
    store.incidents.open(row, new_event(row.id, NOW, "opened", "Late"))
    monkeypatch.setattr(store, "now", lambda: NOW)
    before = store.marks(GROUP)

    monkeypatch.setattr(store, "now", lambda: NOW + 60)

    assert store.marks(GROUP) != before
