"""A database of an earlier version keeps its rows when a newer program opens it."""

import pytest

from pbf.store.store import Store
from tests.support.migrations import set_version, upgrade
from tests.support.stores import add_entry

ENTRY = (
    "INSERT INTO audit (at, actor, what, connector_id, name, outcome, group_id)"
    " VALUES ('2026-11-01T00:00:00+00:00', 'page', 'pause', 'one', 'sales', 'done', 'g')"
)
NAME = "INSERT INTO typed_names VALUES ('one', 'sales', 'Sales')"


def test_a_database_of_the_first_version_keeps_its_rows(persistent):
    upgrade(persistent, "0001", ENTRY, NAME)

    store = Store(persistent)
    add_entry(store, "person:1", "resume", "one", "sales", "done", group_id="g", actor_name="Ada")

    assert store.names() == {("one", "sales"): "Sales"}
    assert [(entry.actor, entry.actor_name) for entry in store.audit.entries()] == [
        ("page", ""),
        ("person:1", "Ada"),
    ]
    assert store.tenants.listed() == []
    store.close()


def test_a_newer_database_is_used_as_it_is_with_one_warning(persistent, caplog):
    Store(persistent).close()
    added = "ALTER TABLE audit ADD COLUMN country VARCHAR(2) DEFAULT 'FR' NOT NULL"
    set_version(persistent, "0099", added)

    store = Store(persistent)
    add_entry(store, "page", "pause", "one", "sales", "done", group_id="g")

    assert [entry.what for entry in store.audit.entries()] == ["pause"]
    [warning] = caplog.messages
    assert "migrated by a newer version of this program (migration 0099" in warning
    store.close()


def test_a_version_that_is_none_of_ours_is_refused(persistent):
    Store(persistent).close()
    set_version(persistent, "2f1c9a")

    with pytest.raises(ValueError, match="does not know"):
        Store(persistent)
