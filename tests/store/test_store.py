import csv
import os
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from pbf.errors import StoreFailed
from pbf.fivetran.models import Connector
from pbf.store import migrations
from pbf.store.retention import USED_TOKENS
from pbf.store.store import Store
from pbf.store.tables import Base, Creation, Deletion
from tests.support.at_once import THREADS, at_once
from tests.support.postgres_server import postgres_server
from tests.support.stores import add_entry, deletion
from tests.support.typed_names import type_name

LOOK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT * FROM jobs").fetchall()
connection.close()
"""
IN_MEMORY = ["sqlite://", "sqlite:///:memory:"]


def connector(connector_id: str = "one", schema: str = "sales.sales") -> Connector:
    return Connector(id=connector_id, schema_name=schema)


def test_a_typed_name_is_stored_as_typed(store):
    type_name(store, connector(), "Verkäufe 🎉 'Süd'; --")

    assert store.names() == {("one", "sales.sales"): "Verkäufe 🎉 'Süd'; --"}


def test_the_last_name_of_a_connector_wins(store):
    type_name(store, connector(), "First")
    type_name(store, connector(), "Second")

    assert store.names() == {("one", "sales.sales"): "Second"}


def test_a_reused_id_does_not_inherit_the_name(store):
    type_name(store, connector(schema="sales.sales"), "Sales")
    type_name(store, connector(schema="stock.stock"), "Stock")

    assert store.names() == {("one", "sales.sales"): "Sales", ("one", "stock.stock"): "Stock"}


def test_names_of_some_connectors_are_read_without_the_others(store):
    for number in range(3):
        type_name(store, connector(f"c{number}"), f"Name {number}")
    many = [f"c{number}" for number in range(1, 2500)]

    assert store.names([]) == {}
    assert store.names(["c1"]) == {("c1", "sales.sales"): "Name 1"}
    assert set(store.names(many).values()) == {"Name 1", "Name 2"}


def test_the_groups_to_work_on_have_open_creations_or_pending_deletions(store):
    def creation(group_id: str, connector_id: str | None) -> Creation:
        return Creation(
            group_id=group_id,
            key="key",
            fingerprint="",
            service="stripe",
            typed="",
            schema_name="",
            reserved=None,
            connector_id=connector_id,
        )

    store.creations.add(creation("settled", "one"))
    store.creations.add(creation("open", None))
    store.deletions.add(
        Deletion(
            group_id="pending",
            connector_id="one",
            service="",
            name="",
            schema_name="",
            was_paused=False,
            due_at=0.0,
        )
    )

    assert store.groups_to_work_on() == {"open", "pending"}


def test_a_token_is_used_once(store):
    first_uses = [store.use_token("nonce") for _ in range(3)]

    assert first_uses == [True, False, False]
    assert store.use_token("other")


def test_a_token_is_used_once_by_eight_threads_at_once(store):
    first_uses = at_once(lambda _: store.use_token("nonce"))

    assert sorted(first_uses) == [False] * 7 + [True]


def test_concurrent_writes_lose_nothing(store):
    at_once(lambda number: type_name(store, connector(f"c{number}"), f"Name {number}"))

    assert store.names() == {(f"c{n}", "sales.sales"): f"Name {n}" for n in range(THREADS)}


@pytest.mark.parametrize("url", IN_MEMORY)
def test_in_memory_all_threads_see_the_same_data(url):
    store = Store(url)
    type_name(store, connector(), "Sales")

    names = at_once(lambda _: store.names())
    store.close()

    assert names == [{("one", "sales.sales"): "Sales"}] * THREADS


def test_two_stores_in_memory_share_nothing():
    first, second = Store("sqlite://"), Store("sqlite://")

    type_name(first, connector(), "Sales")

    assert second.names() == {}
    first.close()
    second.close()


def test_stored_data_outlives_a_restart(persistent):
    first = Store(persistent)
    type_name(first, connector(), "Sales")
    first.use_token("nonce")
    add_entry(first, "page", "pause", "one", "sales", "done", group_id="g")
    first.close()

    second = Store(persistent)

    assert second.names() == {("one", "sales.sales"): "Sales"}
    assert not second.use_token("nonce")
    assert [entry.what for entry in second.audit.entries()] == ["pause"]
    second.close()


def test_eight_processes_that_start_at_once_all_find_the_tables(persistent):
    stores = at_once(lambda _: Store(persistent))

    first_uses = at_once(lambda number: stores[number].use_token("nonce"))

    assert sorted(first_uses) == [False] * 7 + [True]
    for store in stores:
        store.close()


def test_opening_a_new_file_waits_while_another_process_writes_it(tmp_path, monkeypatch):
    file = tmp_path / "store.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("CREATE TABLE theirs (number INTEGER)")
        writer.execute("BEGIN IMMEDIATE")
        waits = []
        monkeypatch.setattr(time, "sleep", lambda _: waits.append(writer.execute("COMMIT")))

        opened = Store(f"sqlite:///{file}")

    assert len(waits) == 1
    assert opened.names() == {}
    opened.close()


def test_the_migrations_create_the_tables_of_the_code(persistent):
    opened = Store(persistent)

    with opened._database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        differences = compare_metadata(context, Base.metadata)
        version = context.get_current_revision()
    scripts = ScriptDirectory(str(migrations.MIGRATIONS))

    assert differences == []
    assert version == migrations.HEAD == scripts.get_current_head()
    opened.close()


def test_only_hashes_of_tokens_are_stored(store):
    store.use_token("a token that nobody may read")

    with store._database.session() as session:
        digests = session.execute(text("SELECT digest FROM used_tokens")).scalars().all()

    assert digests == [sha256(b"a token that nobody may read").hexdigest()]


def test_used_tokens_are_deleted_long_after_they_expire(store, later):
    store.use_token("old")
    later(USED_TOKENS + 1)
    store.use_token("new")

    store.delete_expired(time.time())

    assert store.use_token("old")
    assert not store.use_token("new")


@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'other'", "DELETE FROM audit"])
def test_the_audit_log_only_grows(store, change):
    add_entry(store, "page", "delete", "one", "sales", "done", group_id="g")

    with (
        pytest.raises((StoreFailed, IntegrityError)),
        store._database.session() as session,
    ):
        session.execute(text(change))

    assert [(entry.actor, entry.what) for entry in store.audit.entries()] == [("page", "delete")]


ENTRY = "(id, at, actor, what, connector_id, name, outcome) VALUES (1, '', 'x', 'x', 'x', 'x', 'x')"


@pytest.mark.parametrize(
    ("change", "dialect"),
    [
        (f"INSERT OR REPLACE INTO audit {ENTRY}", "sqlite"),
        (f"REPLACE INTO audit {ENTRY}", "sqlite"),
        (f"INSERT INTO audit {ENTRY} ON CONFLICT (id) DO UPDATE SET actor = 'x'", ""),
        ("UPDATE OR REPLACE audit SET id = 1", "sqlite"),
        ("TRUNCATE audit", "postgresql"),
        ("TRUNCATE audit CASCADE", "postgresql"),
    ],
    ids=["insert-or-replace", "replace", "on-conflict", "update", "truncate", "cascade"],
)
def test_no_entry_of_the_audit_log_can_be_replaced(store, change, dialect):
    if dialect and store._database.engine.dialect.name != dialect:
        return
    for actor in ("first", "second"):
        add_entry(store, actor, "delete", "one", "sales", "done", group_id="g")

    with (
        pytest.raises((StoreFailed, IntegrityError)),
        store._database.session() as session,
    ):
        session.execute(text(change))

    assert [entry.actor for entry in store.audit.entries()] == ["first", "second"]


def test_the_audit_log_is_exported_whole_and_safe_for_a_spreadsheet(store, monkeypatch):
    monkeypatch.setattr("pbf.store.audit.entries.BATCH", 2)
    for number in range(5):
        add_entry(store, "route", "create", f"c{number}", '=HYPERLINK("x"),', "done", group_id="g")

    rows = list(csv.DictReader(store.audit.csv()))

    assert [row["connector_id"] for row in rows] == ["c0", "c1", "c2", "c3", "c4"]
    assert {row["name"] for row in rows} == {'\'=HYPERLINK("x"),'}
    assert datetime.fromisoformat(rows[0]["at"]).tzinfo == UTC
    assert set(rows[0]) == {
        *("at", "actor", "actor_name", "what", "details"),
        *("connector_id", "name", "outcome", "group_id", "stored_at"),
    }


def test_a_group_reads_only_its_own_entries_newest_first(store):
    for number, group in enumerate(("ours", "theirs", "ours", "ours")):
        add_entry(store, "page", "sync", f"c{number % 2}", "sales", f"{number}", group_id=group)

    ours = [entry.outcome for entry in store.audit.newest("ours", 2)]
    of_connector = [entry.outcome for entry in store.audit.newest("ours", 9, connector_id="c0")]
    theirs = list(csv.DictReader(store.audit.csv("theirs")))

    assert (ours, of_connector) == (["3", "2"], ["2", "0"])
    assert [row["outcome"] for row in theirs] == ["1"]


def test_the_newest_entries_of_many_connectors_are_read_at_once(store, monkeypatch):
    monkeypatch.setattr("pbf.store.audit.entries.CONNECTORS_AT_ONCE", 2)
    for number in range(12):
        add_entry(store, "page", "sync", f"c{number % 3}", "s", f"{number}", group_id="ours")
    add_entry(store, "page", "sync", "c0", "s", "of another group", group_id="theirs")

    newest = store.audit.newest_by_connector("ours", ["unknown", "c0", "c1", "c2"], 2)

    outcomes = {name: [entry.outcome for entry in entries] for name, entries in newest.items()}
    assert outcomes == {"c0": ["9", "6"], "c1": ["10", "7"], "c2": ["11", "8"]}


def test_an_id_that_no_database_accepts_is_cleaned_and_cut(store):
    add_entry(
        store, "route", "sync", "a\0b\ud800" + "x" * 300, "", "UnknownConnector", group_id="g"
    )

    assert [entry.connector_id for entry in store.audit.entries()] == ["a?b?" + "x" * 196]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_accepts_the_usual_url_schemes(postgres, scheme):
    url = postgres.fresh().replace("postgresql", scheme, 1)

    opened = Store(url)

    assert opened.use_token("nonce")
    opened.close()


def test_a_lost_database_is_reported_in_a_sentence(tmp_path):
    with postgres_server() as server:
        url = server.fresh()
        opened = Store(url)
        assert opened.use_token("before")

    with pytest.raises(StoreFailed, match="cannot be read or written") as caught:
        opened.names()
    opened.close()

    assert caught.value.__cause__ is None
    assert url not in str(caught.value)


def test_a_full_disk_is_reported_and_reading_still_works(tmp_path):
    opened = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    type_name(opened, connector(), "Sales")
    with opened._database.engine.connect() as connection:
        connection.execute(text("PRAGMA max_page_count=1"))
        connection.commit()

    def fill():
        for number in range(200):
            type_name(opened, connector(f"c{number}"), "x" * 200)

    with pytest.raises(StoreFailed):
        fill()

    assert opened.names()[("one", "sales.sales")] == "Sales"
    opened.close()


def test_a_store_is_not_closed_while_a_thread_reads_it():
    opened = Store("sqlite://")
    reading, proceed = threading.Event(), threading.Event()

    def read() -> int:
        with opened._database.session() as session:
            reading.set()
            assert proceed.wait(10)
            return session.scalar(text("SELECT 42"))

    with ThreadPoolExecutor(2) as pool:
        result = pool.submit(read)
        assert reading.wait(10)
        closing_store = pool.submit(opened.close)
        _, pending = wait([closing_store], timeout=0.2)
        proceed.set()

        assert pending == {closing_store}
        assert result.result() == 42


def test_a_new_database_and_its_log_are_private_whatever_the_umask(tmp_path):
    file = tmp_path / "store.sqlite3"
    before = os.umask(0)
    try:
        opened = Store(f"sqlite:///{file}")
        add_entry(opened, "page", "pause", "one", "sales", "done", group_id="ours")
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        opened.close()
    finally:
        os.umask(before)

    assert set(modes) >= {"store.sqlite3", "store.sqlite3-wal"}
    assert set(modes.values()) == {0o600}
    assert opened.file == str(file)


def test_another_process_that_closes_the_database_leaves_its_log(tmp_path):
    file = tmp_path / "store.sqlite3"
    opened = Store(f"sqlite:///{file}")
    with opened._database.engine.connect() as one, opened._database.engine.connect() as other:
        for connection in (one, other):
            connection.execute(text("SELECT 1 FROM jobs")).all()
            connection.commit()

    subprocess.run([sys.executable, "-c", LOOK, str(file)], check=True, timeout=60)

    assert file.with_name("store.sqlite3-wal").exists()
    add_entry(opened, "page", "pause", "one", "sales", "done", group_id="ours")
    opened.close()


@pytest.mark.parametrize("form", ["sqlite:///{}", "sqlite:///file:{}?uri=true"])
def test_an_existing_database_is_made_private(tmp_path, form):
    file = tmp_path / "store.sqlite3"
    file.touch()
    file.chmod(0o666)

    Store(form.format(file)).close()

    assert file.stat().st_mode & 0o777 == 0o600


def test_of_eight_threads_that_claim_a_row_at_once_one_gets_it(store):
    store.deletions.add(deletion())
    rows = [store.deletions.find("g", "one") for _ in range(THREADS)]

    claims = at_once(lambda number: store.deletions.claim(rows[number], 60.0))

    assert sorted(claims) == [False] * 7 + [True]
    assert store.deletions.is_held(store.deletions.find("g", "one"))


def test_a_row_that_another_process_has_changed_since_is_neither_written_nor_removed(store):
    store.deletions.add(deletion())
    ours, theirs = store.deletions.find("g", "one"), store.deletions.find("g", "one")
    assert store.deletions.claim(theirs, 60.0)

    assert not store.deletions.write(ours, paused_at=1.0)
    assert not store.deletions.remove(ours)

    assert ours.paused_at is None
    assert store.deletions.find("g", "one") == theirs


def test_a_row_is_claimed_again_once_it_is_released_or_its_lease_has_expired(store, later):
    row = deletion()
    store.deletions.add(row, 60.0)
    held = store.deletions.claim(store.deletions.find("g", "one"), 60.0)
    store.deletions.release(row)
    released = store.deletions.claim(store.deletions.find("g", "one"), 60.0)
    later(61)

    expired = store.deletions.claim(store.deletions.find("g", "one"), 60.0)

    assert (held, released, expired) == (False, True, True)
