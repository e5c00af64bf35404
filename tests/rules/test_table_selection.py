from datetime import UTC, datetime

import pytest

from pbf.fivetran.models import Connector, SchemaConfig
from pbf.rules.table_selection import changes, matching, patch, source_tables, summary
from pbf.ui.table_editor import FRESH, Desk, when_there_are_tables

LOCK = {"allowed": False, "reason_code": "SYSTEM_TABLE"}


def config(**schemas) -> SchemaConfig:
    return SchemaConfig.model_validate({"schemas": schemas})


def schema(enabled: bool = True, **tables) -> dict:
    return {"enabled": enabled, "tables": {name: {"enabled": on} for name, on in tables.items()}}


SHOP = config(public=schema(orders=True, users=False), archive=schema(False, orders=True, old=True))


@pytest.fixture
def desk() -> Desk:
    desk = Desk("one")
    desk.take(SHOP, 0.0)
    return desk


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


def test_ticking_after_a_search_changes_the_shown_row(desk):
    desk.search("users")
    desk.keep({0: {"Synced": True}})
    desk.search("")

    assert desk.changed == {("public", "users"): True}
    assert dict(zip([table.key for table in desk.shown], desk.laid_out, strict=True)) == {
        ("archive", "old"): False,
        ("archive", "orders"): False,
        ("public", "orders"): True,
        ("public", "users"): True,
    }


def test_a_search_has_its_own_layout(desk):
    before = desk.sheet

    desk.search("users")
    desk.search("users")

    assert desk.sheet == before + 1


def test_all_and_none_change_only_shown_tables(desk):
    desk.search("orders")
    desk.switch(True)
    assert desk.changed == {("archive", "orders"): True}

    desk.switch(False)
    assert desk.changed == {("public", "orders"): False}


def test_a_newer_response_keeps_the_selection(desk):
    desk.keep({3: {"Synced": True}})
    turned = config(public=schema(users=False, orders=True, added=True))

    desk.read(lambda: turned, FRESH)

    assert desk.changed == {("public", "users"): True}
    assert [table.table for table in desk.shown] == ["added", "orders", "users"]


def test_a_fresh_response_is_not_requested_again(desk):
    desk.read(lambda: pytest.fail("asked again"), FRESH - 1)

    assert len(desk.tables) == 4


def test_the_same_response_keeps_the_layout(desk):
    before = desk.sheet

    desk.read(lambda: SHOP, FRESH)

    assert desk.sheet == before


def test_undo_restores_the_synced_tables(desk):
    desk.switch(True)

    desk.undo()

    assert desk.changed == {}
    assert desk.laid_out == [False, False, True, False]


def test_saving_reports_the_response_of_fivetran(desk):
    desk.keep({3: {"Synced": True}})

    desk.saved(config(public=schema(orders=True, users=True)), 1.0)

    assert desk.said == ("success", "Saved. 2 of 2 tables are synced.")
    assert desk.chosen == {}


def test_unchanged_tables_are_reported_and_stay_selected(desk):
    desk.keep({3: {"Synced": True}})

    desk.saved(SHOP, 1.0)

    assert desk.said[0] == "error"
    assert "Fivetran left 1 as they were: public.users." in desk.said[1]
    assert desk.changed == {("public", "users"): True}


def test_an_invalid_row_number_changes_nothing(desk):
    desk.keep({9: {"Synced": True}, 0: {"Table": "x"}})

    assert desk.chosen == {}


@pytest.mark.parametrize(
    ("fields", "read", "text"),
    [
        pytest.param({}, True, "found no tables", id="none-there"),
        pytest.param(
            {"status": {"sync_state": "syncing"}}, False, "reads the source now", id="now"
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
