from datetime import UTC, datetime

import pytest

from pbf.fivetran.models import Connector, SchemaConfig
from pbf.rules.table_selection import changes, matching, patch, source_tables, summary
from pbf.ui.table_editor import FRESH, TableEditor, when_there_are_tables

LOCK = {"allowed": False, "reason_code": "SYSTEM_TABLE"}


def config(**schemas) -> SchemaConfig:
    return SchemaConfig.model_validate({"schemas": schemas})


def schema(enabled: bool = True, **tables) -> dict:
    return {"enabled": enabled, "tables": {name: {"enabled": on} for name, on in tables.items()}}


SHOP = config(public=schema(orders=True, users=False), archive=schema(False, orders=True, old=True))


@pytest.fixture
def desk() -> TableEditor:
    made = TableEditor("one")
    made.take(SHOP, 0.0)
    return made


def test_tables_stand_in_the_order_of_their_names():
    assert [one.key for one in source_tables(SHOP)] == [
        ("archive", "old"),
        ("archive", "orders"),
        ("public", "orders"),
        ("public", "users"),
    ]


def test_a_table_of_a_schema_that_is_off_is_off():
    assert [one.on for one in source_tables(SHOP)] == [False, False, True, False]


def test_what_a_table_is_called_in_the_destination_is_told_as_fivetran_names_it():
    named = {"name_in_destination": "mine", "tables": {"A": {"name_in_destination": "a"}, "B": {}}}

    assert [one.destination for one in source_tables(config(S=named))] == ["mine.a", "mine.B"]


@pytest.mark.parametrize(
    ("lock", "why"),
    [
        pytest.param(LOCK, "Fivetran needs this table.", id="system"),
        pytest.param({"allowed": False, "reason_code": "DELETED"}, "no longer", id="deleted"),
        pytest.param(
            {"allowed": False, "reason_code": "OTHER", "reason": "No key."}, "No key.", id="other"
        ),
        pytest.param({"allowed": False, "reason_code": "NEW_ONE"}, "does not let", id="new-code"),
        pytest.param({"allowed": True, "reason": "x"}, "", id="allowed"),
        pytest.param({}, "", id="unsaid"),
    ],
)
def test_a_locked_table_says_why(lock: dict, why: str):
    given = {"tables": {"A": {"enabled": True, "enabled_patch_settings": lock}}}

    found = source_tables(config(S=given))[0].locked

    assert bool(found) is bool(why)
    assert why in found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        pytest.param("", 4, id="nothing"),
        pytest.param("ORDER", 2, id="either-case"),
        pytest.param("ord pub", 1, id="every-word"),
        pytest.param("public.or", 1, id="across-the-dot"),
        pytest.param("nonesuch", 0, id="none"),
    ],
)
def test_a_search_wants_every_word(typed: str, found: int):
    assert len(matching(source_tables(SHOP), typed)) == found


def test_a_choice_changes_what_differs_and_is_not_locked():
    locked = {"enabled": True, "enabled_patch_settings": LOCK}
    tables = source_tables(config(S={"tables": {"A": locked, "B": {"enabled": True}, "C": {}}}))
    chosen = {("S", "A"): False, ("S", "B"): True, ("S", "C"): True, ("S", "gone"): True}

    assert changes(tables, chosen) == {("S", "C"): True}


def test_one_table_of_a_schema_that_is_off_does_not_bring_the_others():
    assert patch(SHOP, {("archive", "old"): True}) == {
        ("archive", "old"): True,
        ("archive", "orders"): False,
    }


def test_what_is_chosen_in_a_schema_that_is_off_is_switched_on():
    wanted = {("archive", "old"): True, ("archive", "orders"): True, ("public", "orders"): False}

    assert patch(SHOP, wanted) == wanted


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
def test_changes_are_told_in_a_line(changed: dict, text: str):
    assert summary(changed) == text


def test_what_is_ticked_after_a_search_is_the_row_that_was_shown(desk):
    desk.search("users")
    desk.keep({0: {"Synced": True}})
    desk.search("")

    assert desk.changed == {("public", "users"): True}
    assert dict(zip([one.key for one in desk.shown], desk.ticks, strict=True)) == {
        ("archive", "old"): False,
        ("archive", "orders"): False,
        ("public", "orders"): True,
        ("public", "users"): True,
    }


def test_a_search_lays_out_a_list_of_its_own(desk):
    before = desk.version

    desk.search("users")
    desk.search("users")

    assert desk.version == before + 1


def test_all_and_none_switch_what_is_shown_alone(desk):
    desk.search("orders")
    desk.switch(True)
    assert desk.changed == {("archive", "orders"): True}

    desk.switch(False)
    assert desk.changed == {("public", "orders"): False}


def test_a_newer_answer_keeps_what_is_chosen(desk):
    desk.keep({3: {"Synced": True}})
    turned = config(public=schema(users=False, orders=True, added=True))

    desk.read(lambda: turned, FRESH)

    assert desk.changed == {("public", "users"): True}
    assert [one.table for one in desk.shown] == ["added", "orders", "users"]


def test_an_answer_of_a_moment_ago_is_not_asked_for_again(desk):
    desk.read(lambda: pytest.fail("asked again"), FRESH - 1)

    assert len(desk.tables) == 4


def test_the_same_answer_lays_out_nothing_anew(desk):
    before = desk.version

    desk.read(lambda: SHOP, FRESH)

    assert desk.version == before


def test_undo_goes_back_to_what_is_synced(desk):
    desk.switch(True)

    desk.undo()

    assert desk.changed == {}
    assert desk.ticks == [False, False, True, False]


def test_what_was_saved_is_told_as_fivetran_answers(desk):
    desk.keep({3: {"Synced": True}})

    desk.saved(config(public=schema(orders=True, users=True)), 1.0)

    assert desk.message == ("success", "Saved. 2 of 2 tables are synced.")
    assert desk.chosen == {}


def test_what_fivetran_left_as_it_was_is_told_and_stays_chosen(desk):
    desk.keep({3: {"Synced": True}})

    desk.saved(SHOP, 1.0)

    assert desk.message[0] == "error"
    assert "Fivetran left 1 as they were: public.users." in desk.message[1]
    assert desk.changed == {("public", "users"): True}


def test_a_place_that_is_not_there_is_no_choice(desk):
    desk.keep({9: {"Synced": True}, 0: {"Table": "x"}})

    assert desk.chosen == {}


@pytest.mark.parametrize(
    ("fields", "read", "text"),
    [
        pytest.param({}, True, "found no tables", id="none-there"),
        pytest.param(
            {"status": {"sync_state": "syncing"}}, False, "is reading the source", id="now"
        ),
        pytest.param({"paused": True}, False, "once it is resumed", id="paused"),
        pytest.param(
            {"status": {"setup_state": "incomplete"}}, False, "set-up is finished", id="unfinished"
        ),
    ],
)
def test_where_there_is_nothing_to_choose_it_says_when_there_will_be(fields, read, text):
    connector = Connector.model_validate({"id": "one", **fields})

    assert text in when_there_are_tables(connector, read=read, now=datetime.now(UTC))
