import csv
import os
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, text
from sqlalchemy.exc import IntegrityError

from pbf.errors import StoreFailed
from pbf.fivetran.models import Connector
from pbf.store import database
from pbf.store.store import USED_SLIPS_KEPT, Store
from pbf.store.tables import Base
from tests.support.postgres_server import postgres_server

THREADS = 8
IN_MEMORY = ["sqlite://", "sqlite:///:memory:"]


@pytest.fixture(params=["memory", "file", "postgres"])
def store(request, tmp_path):
    opened = Store(address(request, tmp_path))
    yield opened
    opened.close()


def address(request, tmp_path):
    if request.param == "postgres":
        return request.getfixturevalue("postgres").fresh()
    return "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path / 'kept.sqlite3'}"


def connector(connector_id: str = "one", schema: str = "sales.sales") -> Connector:
    return Connector(id=connector_id, schema_name=schema)


def at_once(action):
    """Do something in eight threads that start together, and return the eight answers."""
    together = threading.Barrier(THREADS)

    def one(number: int):
        together.wait()
        return action(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_a_typed_name_is_kept_as_it_was_typed(store):
    store.keep_name(connector(), "Verkäufe 🎉 'Süd'; --")

    assert store.names() == {("one", "sales.sales"): "Verkäufe 🎉 'Süd'; --"}


def test_the_last_name_for_a_connector_counts(store):
    store.keep_name(connector(), "First")
    store.keep_name(connector(), "Second")

    assert store.names() == {("one", "sales.sales"): "Second"}


def test_an_id_that_is_given_out_again_does_not_inherit_the_name(store):
    store.keep_name(connector(schema="sales.sales"), "Sales")
    store.keep_name(connector(schema="stock.stock"), "Stock")

    assert store.names() == {("one", "sales.sales"): "Sales", ("one", "stock.stock"): "Stock"}


def test_a_state_is_used_once(store):
    answers = [store.use_slip("nonce") for _ in range(3)]

    assert answers == [True, False, False]
    assert store.use_slip("other")


def test_a_state_is_used_once_by_eight_threads_together(store):
    answers = at_once(lambda _: store.use_slip("nonce"))

    assert sorted(answers) == [False] * 7 + [True]


def test_threads_write_together_and_lose_nothing(store):
    at_once(lambda number: store.keep_name(connector(f"c{number}"), f"Name {number}"))

    assert store.names() == {(f"c{n}", "sales.sales"): f"Name {n}" for n in range(THREADS)}


@pytest.mark.parametrize("url", IN_MEMORY)
def test_in_memory_all_threads_see_the_same(url):
    store = Store(url)
    store.keep_name(connector(), "Sales")

    answers = at_once(lambda _: store.names())
    store.close()

    assert answers == [{("one", "sales.sales"): "Sales"}] * THREADS


def test_two_stores_in_memory_share_nothing():
    first, second = Store("sqlite://"), Store("sqlite://")

    first.keep_name(connector(), "Sales")

    assert second.names() == {}
    first.close()
    second.close()


@pytest.fixture(params=["file", "postgres"])
def lasting(request, tmp_path):
    """The address of a database that outlives the process, without a table."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres").empty()
    return URL.create("sqlite", database=str(tmp_path / "kept % here.sqlite3"))


def test_what_is_kept_outlives_a_restart(lasting):
    first = Store(lasting)
    first.keep_name(connector(), "Sales")
    first.use_slip("nonce")
    first.note("page", "pause", "one", "sales", "done", group_id="g")
    first.close()

    second = Store(lasting)

    assert second.names() == {("one", "sales.sales"): "Sales"}
    assert not second.use_slip("nonce")
    assert [entry.what for entry in second.audit.entries()] == ["pause"]
    second.close()


def test_of_eight_processes_that_start_at_once_all_find_the_tables(lasting):
    opened = at_once(lambda _: Store(lasting))

    answers = at_once(lambda number: opened[number].use_slip("nonce"))

    assert sorted(answers) == [False] * 7 + [True]
    for each in opened:
        each.close()


def test_who_opens_a_new_file_that_another_is_writing_waits_for_it(tmp_path, monkeypatch):
    file = tmp_path / "kept.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE theirs (number INTEGER)")
        other.execute("BEGIN IMMEDIATE")
        waits = []
        monkeypatch.setattr(time, "sleep", lambda _: waits.append(other.execute("COMMIT")))

        opened = Store(f"sqlite:///{file}")

    assert len(waits) == 1
    assert opened.names() == {}
    opened.close()


def test_a_database_from_before_there_were_migrations_is_taken_over_without_loss(lasting):
    old = Store(lasting)._database.engine
    nonce = "kept as it was"
    with old.begin() as connection:
        for table in ("alembic_version", "creations", "deletions", "used_slips"):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("DROP TABLE audit"))
        if old.dialect.name == "postgresql":
            connection.execute(text("DROP FUNCTION audit_only_grows()"))
        connection.execute(text("INSERT INTO typed_names VALUES ('one', 'sales', 'Sales')"))
        connection.execute(text("CREATE TABLE attempts (key VARCHAR(100) PRIMARY KEY)"))
        connection.execute(
            text("CREATE TABLE used_states (nonce VARCHAR(100) PRIMARY KEY, used_at TIMESTAMP)")
        )
        connection.execute(text("INSERT INTO used_states VALUES (:nonce, NULL)"), {"nonce": nonce})
    old.dispose()

    taken_over = Store(lasting)

    assert taken_over.names() == {("one", "sales"): "Sales"}
    assert not taken_over.use_slip(nonce)
    assert taken_over.use_slip("new")
    taken_over.close()


def test_the_migrations_make_the_tables_that_the_code_has(lasting):
    opened = Store(lasting)

    with opened._database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        differences = compare_metadata(context, Base.metadata)
        version = context.get_current_revision()
    scripts = ScriptDirectory(str(database.MIGRATIONS))

    assert differences == []
    assert version == database.HEAD == scripts.get_current_head()
    opened.close()


def test_slips_are_kept_as_hashes_alone(store):
    store.use_slip("a ticket that nobody may read")

    with store._database.session() as session:
        kept = session.execute(text("SELECT digest FROM used_slips")).scalars().all()

    assert kept == [sha256(b"a ticket that nobody may read").hexdigest()]


def test_used_slips_go_when_they_have_long_expired(store, monkeypatch):
    store.use_slip("old")
    later = time.time() + USED_SLIPS_KEPT + 1
    monkeypatch.setattr("pbf.store.store.time.time", lambda: later)

    store.use_slip("new")

    assert store.use_slip("old")
    assert not store.use_slip("new")


@pytest.mark.parametrize("change", ["UPDATE audit SET who = 'other'", "DELETE FROM audit"])
def test_the_audit_log_only_grows(store, change):
    store.note("page", "delete", "one", "sales", "done", group_id="g")

    with (
        pytest.raises((StoreFailed, IntegrityError)),
        store._database.session() as session,
    ):
        session.execute(text(change))

    assert [(entry.who, entry.what) for entry in store.audit.entries()] == [("page", "delete")]


ENTRY = "(id, at, who, what, connector_id, name, outcome) VALUES (1, '', 'x', 'x', 'x', 'x', 'x')"


@pytest.mark.parametrize(
    ("change", "only"),
    [
        (f"INSERT OR REPLACE INTO audit {ENTRY}", "sqlite"),
        (f"REPLACE INTO audit {ENTRY}", "sqlite"),
        (f"INSERT INTO audit {ENTRY} ON CONFLICT (id) DO UPDATE SET who = 'x'", ""),
        ("UPDATE OR REPLACE audit SET id = 1", "sqlite"),
        ("TRUNCATE audit", "postgresql"),
        ("TRUNCATE audit CASCADE", "postgresql"),
    ],
    ids=["insert-or-replace", "replace", "on-conflict", "update", "truncate", "cascade"],
)
def test_no_entry_of_the_audit_log_can_be_replaced(store, change, only):
    if only and store._database.engine.dialect.name != only:
        return
    for who in ("first", "second"):
        store.note(who, "delete", "one", "sales", "done", group_id="g")

    with (
        pytest.raises((StoreFailed, IntegrityError)),
        store._database.session() as session,
    ):
        session.execute(text(change))

    assert [entry.who for entry in store.audit.entries()] == ["first", "second"]


def test_deletions_and_creations_from_before_are_kept(lasting):
    old = database._engine(database._with_driver(lasting))
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    waits = "('g', :id, 'stripe', 'Sales', 'sales', false, 90000.0, :owner, 0.0)"
    begun = "('g', 'k', 'f', 'stripe', 'Sales', 'sales', 'sales', NULL, NULL, '', 0.0, 0.0)"
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for one, owner in (("one", ""), ("two", "died")):
            statement = text(f"INSERT INTO deletions VALUES {waits}")
            connection.execute(statement, {"id": one, "owner": owner})
        connection.execute(text(f"INSERT INTO creations VALUES {begun}"))
    old.dispose()

    opened = Store(lasting)

    kept = {
        one.connector_id: (one.paused_at, one.setup_state) for one in opened.deletions.listed("g")
    }
    assert kept == {"one": (90000.0 - 720 * 3600, ""), "two": (None, "")}
    assert opened.creations.unsettled("g")[0].naming_fields == ()
    opened.close()


def test_the_audit_log_is_exported_whole_and_harmless_to_a_spreadsheet(store, monkeypatch):
    monkeypatch.setattr("pbf.store.audit.AT_ONCE", 2)
    for number in range(5):
        store.note("route", "create", f"c{number}", '=HYPERLINK("x"),', "done", group_id="g")

    rows = list(csv.DictReader(store.audit.csv()))

    assert [row["connector_id"] for row in rows] == ["c0", "c1", "c2", "c3", "c4"]
    assert {row["name"] for row in rows} == {'\'=HYPERLINK("x"),'}
    assert datetime.fromisoformat(rows[0]["at"]).tzinfo == UTC
    assert set(rows[0]) == {
        *("at", "who", "what", "details", "connector_id", "name", "outcome", "group_id")
    }


def test_a_group_reads_its_own_entries_alone_and_the_newest_first(store):
    for number, group in enumerate(("ours", "theirs", "ours", "ours")):
        store.note("page", "sync", f"c{number % 2}", "sales", f"{number}", group_id=group)

    ours = [entry.outcome for entry in store.audit.newest("ours", 2)]
    about = [entry.outcome for entry in store.audit.newest("ours", 9, connector_id="c0")]
    theirs = list(csv.DictReader(store.audit.csv("theirs")))

    assert (ours, about) == (["3", "2"], ["2", "0"])
    assert [row["outcome"] for row in theirs] == ["1"]


def test_an_id_that_no_database_takes_is_noted_as_far_as_it_goes(store):
    store.note("route", "sync", "a\0b\ud800" + "x" * 300, "", "UnknownConnector", group_id="g")

    assert [entry.connector_id for entry in store.audit.entries()] == ["a?b?" + "x" * 196]


def test_a_log_from_before_it_told_the_group_is_kept_as_it_is(lasting):
    old = database._engine(database._with_driver(lasting))
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        told = "('2026-11-23T10:00:00.000+00:00', 'page', 'create', 'one', 'sales', 'done')"
        columns = "at, who, what, connector_id, name, outcome"
        connection.execute(text(f"INSERT INTO audit ({columns}) VALUES {told}"))
    old.dispose()

    opened = Store(lasting)
    opened.note("page", "pause", "one", "sales", "done", group_id="ours")

    kept = [(entry.what, entry.group_id, entry.details) for entry in opened.audit.entries()]
    assert kept == [("create", "", ""), ("pause", "ours", "")]
    assert [entry.what for entry in opened.audit.newest("ours", 9)] == ["pause"]
    with pytest.raises((StoreFailed, IntegrityError)), opened._database.session() as session:
        session.execute(text("UPDATE audit SET group_id = 'ours'"))
    opened.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_by_the_addresses_that_people_have(postgres, scheme):
    url = postgres.fresh().replace("postgresql", scheme, 1)

    opened = Store(url)

    assert opened.use_slip("nonce")
    opened.close()


def test_a_database_that_goes_away_is_told_in_a_sentence_and_found_again(tmp_path):
    with postgres_server() as server:
        url = server.fresh()
        opened = Store(url)
        assert opened.use_slip("before")

    with pytest.raises(StoreFailed, match="cannot be read or written") as caught:
        opened.names()
    opened.close()

    assert caught.value.__cause__ is None
    assert url not in str(caught.value)


def test_a_full_disk_is_told_in_a_sentence_and_reading_goes_on(tmp_path):
    opened = Store(f"sqlite:///{tmp_path / 'kept.sqlite3'}")
    opened.keep_name(connector(), "Sales")
    with opened._database.engine.connect() as connection:
        connection.execute(text("PRAGMA max_page_count=1"))
        connection.commit()

    def fill():
        for number in range(200):
            opened.keep_name(connector(f"c{number}"), "x" * 200)

    with pytest.raises(StoreFailed):
        fill()

    assert opened.names()[("one", "sales.sales")] == "Sales"
    opened.close()


def test_a_store_is_not_closed_under_who_reads_it():
    opened = Store("sqlite://")
    reading, go_on = threading.Event(), threading.Event()

    def read() -> int:
        with opened._database.session() as session:
            reading.set()
            assert go_on.wait(10)
            return session.scalar(text("SELECT 42"))

    with ThreadPoolExecutor(2) as pool:
        read_by_one = pool.submit(read)
        assert reading.wait(10)
        closed_by_another = pool.submit(opened.close)
        _, waits = wait([closed_by_another], timeout=0.2)
        go_on.set()

        assert waits == {closed_by_another}
        assert read_by_one.result() == 42


def test_a_new_database_and_its_journal_are_private_whatever_the_umask(tmp_path):
    file = tmp_path / "kept.sqlite3"
    before = os.umask(0)
    try:
        opened = Store(f"sqlite:///{file}")
        opened.note("page", "pause", "one", "sales", "done", group_id="ours")
        modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}
        opened.close()
    finally:
        os.umask(before)

    assert set(modes) >= {"kept.sqlite3", "kept.sqlite3-wal"}
    assert set(modes.values()) == {0o600}
    assert opened.file == str(file)


@pytest.mark.parametrize("form", ["sqlite:///{}", "sqlite:///file:{}?uri=true"])
def test_an_existing_database_is_made_private(tmp_path, form):
    file = tmp_path / "kept.sqlite3"
    file.touch()
    file.chmod(0o666)

    Store(form.format(file)).close()

    assert file.stat().st_mode & 0o777 == 0o600
