from datetime import UTC, datetime

import pytest

from pbf.fivetran.models import Connector, SchemaConfig
from pbf.rules.table_selection import SourceTable, changes, matching, patch, source_tables, summary
from pbf.ui.table_editor import FRESH, TableEditor, columns, when_there_are_tables

LOCK = {"allowed": False, "reason_code": "SYSTEM_TABLE"}


def config(**schemas) -> SchemaConfig:
    return SchemaConfig.model_validate({"schemas": schemas})


def schema(enabled: bool = True, **tables) -> dict:
    return {"enabled": enabled, "tables": {name: {"enabled": on} for name, on in tables.items()}}


SHOP = config(public=schema(orders=True, users=False), archive=schema(False, orders=True, old=True))


@pytest.fixture
def editor() -> TableEditor:
    editor = TableEditor("one")
    editor.take(SHOP, 0.0)
    return editor


def test_tables_are_sorted_by_name():
    assert [table.key for table in source_tables(SHOP)] == [
        ("archive", "old"),
        ("archive", "orders"),
        ("public", "orders"),
        ("public", "users"),
    ]


def test_a_table_in_a_disabled_schema_is_off():
    assert [table.on for table in source_tables(SHOP)] == [False, False, True, False]


def test_the_destination_name_of_a_table_is_the_one_of_fivetran():
    named = {"name_in_destination": "mine", "tables": {"A": {"name_in_destination": "a"}, "B": {}}}

    assert [table.destination for table in source_tables(config(S=named))] == ["mine.a", "mine.B"]


@pytest.mark.parametrize(
    ("lock", "why"),
    [
        pytest.param(LOCK, "Fivetran needs this table.", id="system"),
        pytest.param({"allowed": False, "reason_code": "DELETED"}, "no longer", id="deleted"),
        pytest.param(
            {"allowed": False, "reason_code": "OTHER", "reason": "No key."}, "No key.", id="other"
        ),
        pytest.param({"allowed": False, "reason_code": "NEW_ONE"}, "does not allow", id="new-code"),
        pytest.param({"allowed": True, "reason": "x"}, "", id="allowed"),
        pytest.param({}, "", id="unsaid"),
    ],
)
def test_a_locked_table_says_why(lock: dict, why: str):
    tables = {"tables": {"A": {"enabled": True, "enabled_patch_settings": lock}}}

    reason = source_tables(config(S=tables))[0].locked

    assert bool(reason) is bool(why)
    assert why in reason


@pytest.mark.parametrize(
    ("typed", "count"),
    [
        pytest.param("", 4, id="nothing"),
        pytest.param("ORDER", 2, id="either-case"),
        pytest.param("ord pub", 1, id="every-word"),
        pytest.param("public.or", 1, id="across-the-dot"),
        pytest.param("nonesuch", 0, id="none"),
    ],
)
def test_a_search_matches_every_word(typed: str, count: int):
    assert len(matching(source_tables(SHOP), typed)) == count


def test_a_selection_changes_only_differing_unlocked_tables():
    locked = {"enabled": True, "enabled_patch_settings": LOCK}
    tables = source_tables(config(S={"tables": {"A": locked, "B": {"enabled": True}, "C": {}}}))
    chosen = {("S", "A"): False, ("S", "B"): True, ("S", "C"): True, ("S", "gone"): True}

    assert changes(tables, chosen) == {("S", "C"): True}


def test_enabling_one_table_of_a_disabled_schema_enables_no_other():
    assert patch(SHOP, {("archive", "old"): True}) == {
        ("archive", "old"): True,
        ("archive", "orders"): False,
    }


def test_selected_tables_of_a_disabled_schema_are_enabled():
    selection = {("archive", "old"): True, ("archive", "orders"): True, ("public", "orders"): False}

    assert patch(SHOP, selection) == selection


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        pytest.param({}, "Nothing is changed.", id="none"),
        pytest.param({("a", "b"): True}, "1 on: a.b", id="one"),
        pytest.param(
            {("a", "b"): True, ("a", "c"): False, ("a", "d"): True},
            "2 on, 1 off: on a.b, a.d; off a.c",
            id="both",
        ),
        pytest.param(
            {("a", str(number)): False for number in range(6)},
            "6 off: a.0, a.1, a.2, a.3 and 2 more",
            id="many",
        ),
    ],
)
def test_changes_are_summarized_in_one_line(changed: dict, text: str):
    assert summary(changed) == text


def test_ticking_after_a_search_changes_the_shown_row(editor):
    editor.search("users")
    editor.keep({0: {"Synced": True}})
    editor.search("")

    assert editor.changed == {("public", "users"): True}
    assert dict(zip([table.key for table in editor.shown], editor.ticks, strict=True)) == {
        ("archive", "old"): False,
        ("archive", "orders"): False,
        ("public", "orders"): True,
        ("public", "users"): True,
    }


def test_a_search_has_its_own_layout(editor):
    before = editor.version

    editor.search("users")
    editor.search("users")

    assert editor.version == before + 1


def test_all_and_none_change_only_shown_tables(editor):
    editor.search("orders")
    editor.switch(True)
    assert editor.changed == {("archive", "orders"): True}

    editor.switch(False)
    assert editor.changed == {("public", "orders"): False}


def test_a_newer_response_keeps_the_selection(editor):
    editor.keep({3: {"Synced": True}})
    turned = config(public=schema(users=False, orders=True, added=True))

    editor.read(lambda: turned, FRESH)

    assert editor.changed == {("public", "users"): True}
    assert [table.table for table in editor.shown] == ["added", "orders", "users"]


def test_a_fresh_response_is_not_requested_again(editor):
    editor.read(lambda: pytest.fail("asked again"), FRESH - 1)

    assert len(editor.tables) == 4


def test_the_same_response_keeps_the_layout(editor):
    before = editor.version

    editor.read(lambda: SHOP, FRESH)

    assert editor.version == before


def test_undo_restores_the_synced_tables(editor):
    editor.switch(True)

    editor.undo()

    assert editor.changed == {}
    assert editor.ticks == [False, False, True, False]


def test_saving_reports_the_response_of_fivetran(editor):
    editor.keep({3: {"Synced": True}})

    editor.saved(config(public=schema(orders=True, users=True)), 1.0)

    assert editor.message == ("success", "Saved. 2 of 2 tables are synced.")
    assert editor.chosen == {}


def test_unchanged_tables_are_reported_and_stay_selected(editor):
    editor.keep({3: {"Synced": True}})

    editor.saved(SHOP, 1.0)

    assert editor.message[0] == "error"
    assert "Fivetran left 1 as they were: public.users." in editor.message[1]
    assert editor.changed == {("public", "users"): True}


def test_an_invalid_row_number_changes_nothing(editor):
    editor.keep({9: {"Synced": True}, 0: {"Table": "x"}})

    assert editor.chosen == {}


def test_a_name_of_nothing_can_be_seen():
    texts = columns([SourceTable(schema="", table="", destination="a.b", on=True)])

    assert texts == {"Table": ["\ufffd"], "Schema": ["\ufffd"], "In the destination": ["a.b"]}


@pytest.mark.parametrize(
    ("fields", "read", "text"),
    [
        pytest.param({}, True, "found no tables", id="none-there"),
        pytest.param(
            {"status": {"sync_state": "syncing"}}, False, "is reading the source", id="now"
        ),
        pytest.param(
            {"succeeded_at": "2026-11-20T10:30:00Z"}, False, "although it was synced", id="synced"
        ),
        pytest.param({"paused": True}, False, "once it is resumed", id="paused"),
        pytest.param(
            {"status": {"setup_state": "incomplete"}}, False, "set-up is finished", id="unfinished"
        ),
    ],
)
def test_without_tables_the_editor_says_when_there_will_be_some(fields, read, text):
    connector = Connector.model_validate({"id": "one", **fields})

    assert text in when_there_are_tables(connector, read=read, now=datetime.now(UTC))
