"""What others wrote is stored by every database, as far as its column is long."""

import pytest

from pbf.store.store import Store
from pbf.visible_text import storable

ODD = [
    pytest.param("n" * 300, "n" * 200, id="longer-than-its-column"),
    pytest.param("a\0b", "a?b", id="nul"),
    pytest.param("a\ud800b", "a?b", id="half-a-letter"),
]


def see(store: Store, names: dict[str, str]) -> None:
    """Store what a list says of some connectors: their ids and permanent names."""
    rows = [
        {"connector_id": name, "schema_name": schema, "has_moved": False, "seen_at": 1.0}
        for name, schema in names.items()
    ]
    store.last_seen.put("group", rows)


@pytest.mark.parametrize(("text", "stored"), ODD)
def test_an_odd_text_does_not_keep_the_rows_beside_it_from_being_stored(store: Store, text, stored):
    see(store, {"even": "sales", "odd": text})

    names = {row.connector_id: row.schema_name for row in store.last_seen.listed("group")}
    assert names == {"even": "sales", "odd": stored}


@pytest.mark.parametrize(("text", "stored"), ODD)
def test_a_row_is_found_again_by_the_odd_text_that_it_was_stored_with(store: Store, text, stored):
    see(store, {text: "sales"})

    store.last_seen.mark_moved("group", [text])

    rows = store.last_seen.listed("group")
    assert [(row.connector_id, row.has_moved) for row in rows] == [(stored, True)]


def test_a_text_that_every_database_accepts_stays_as_it_is():
    assert storable("M\u00f6bel \U0001f389") == "M\u00f6bel \U0001f389"
