"""A database that is slow, locked, frozen or busy: calls end in time, and reading goes on."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest
from sqlalchemy import text

from pbf.errors import StoreFailed
from pbf.fivetran.models import Connector
from pbf.store import database
from pbf.store.engines import engine, postgresql
from pbf.store.engines.breaker import LONGEST_TRY, RETRY_AFTER, CircuitBreaker
from pbf.store.migrations import migrate
from pbf.store.store import Store
from tests.support.clock import Clock
from tests.support.typed_names import type_name


@contextmanager
def opened(url: str, **options: int) -> Iterator[Store]:
    store = Store(url, **options)
    try:
        yield store
    finally:
        store.close()


def parameters(store: Store) -> dict[str, str]:
    with store._database.session() as session:
        names = ("statement_timeout", "lock_timeout", "tcp_user_timeout", "tcp_keepalives_idle")
        return {name: session.scalar(text(f"SHOW {name}")) for name in names}


def test_connections_to_postgresql_have_limits_of_time(postgres_database):
    with opened(postgres_database) as store:
        limits = parameters(store)
        with store._database.engine.connect() as connection:
            dsn = connection.connection.driver_connection.info.get_parameters()

    assert (limits["statement_timeout"], limits["lock_timeout"]) == ("5s", "2s")
    assert {name: dsn[name] for name in ("connect_timeout", "tcp_user_timeout")} == {
        "connect_timeout": "2",
        "tcp_user_timeout": "10000",
    }
    assert {name: dsn[name] for name in postgresql.KEEPALIVES} == {
        name: str(value) for name, value in postgresql.KEEPALIVES.items()
    }


def test_a_connection_in_use_when_the_store_closes_is_closed_after_use(postgres_database):
    store = Store(postgres_database)
    with store._database.reading() as session:
        used = session.connection().connection.driver_connection
        store.close()

    assert used.closed


def test_parameters_of_the_url_have_priority(postgres_database):
    options = "options=-c%20statement_timeout%3D9s&connect_timeout=7"

    with opened(f"{postgres_database}?{options}") as store:
        limits = parameters(store)
        with store._database.engine.connect() as connection:
            dsn = connection.connection.driver_connection.info.get_parameters()

    assert (limits["statement_timeout"], limits["lock_timeout"]) == ("9s", "2s")
    assert dsn["connect_timeout"] == "7"


def test_migrations_may_take_any_time(postgres, monkeypatch):
    limits = []

    def limits_while_migrating(engine):
        with engine.connect() as connection:
            limits.append(connection.scalar(text("SHOW statement_timeout")))
        migrate(engine)

    monkeypatch.setattr(database, "migrate", limits_while_migrating)

    Store(postgres.empty()).close()

    assert limits == ["0"]


def test_a_slow_statement_and_a_locked_table_are_reported(postgres_database, monkeypatch):
    monkeypatch.setattr(postgresql, "STATEMENT_TIMEOUT", 0.5)
    monkeypatch.setattr(postgresql, "LOCK_TIMEOUT", 0.1)
    with opened(postgres_database) as store, psycopg.connect(postgres_database) as other:
        with pytest.raises(StoreFailed), store._database.reading() as session:
            session.execute(text("SELECT pg_sleep(60)"))
        other.execute("LOCK TABLE used_tokens")

        with pytest.raises(StoreFailed, match="cannot be read or written"):
            store.use_token("nonce")

        assert store.names() == {}
        other.rollback()
        assert store.use_token("nonce")


def test_a_read_waits_for_a_locked_table_for_a_shorter_time(postgres_database, monkeypatch):
    monkeypatch.setattr(postgresql, "STATEMENT_TIMEOUT", 60.0)
    monkeypatch.setattr(postgresql, "LOCK_TIMEOUT", 60.0)
    with opened(postgres_database) as store, psycopg.connect(postgres_database) as other:
        other.execute("LOCK TABLE typed_names")

        with pytest.raises(StoreFailed):
            store.names()

        with store._database.session() as session:
            assert session.scalar(text("SHOW lock_timeout")) == "1min"


def test_a_process_has_at_most_so_many_connections(postgres_database, monkeypatch):
    monkeypatch.setattr(engine, "POOL_TIMEOUT", 0.1)
    with opened(postgres_database, connections=2) as store:
        with store._database.reading() as first, store._database.reading() as second:
            first.execute(text("SELECT 1"))
            second.execute(text("SELECT 1"))
            with pytest.raises(StoreFailed):
                store.names()

        assert store.names() == {}


def test_calls_to_a_frozen_server_end_and_the_next_ones_do_not_wait(postgres, monkeypatch):
    for name in ("PING_TIMEOUT", "ANSWER_TIMEOUT"):
        monkeypatch.setattr(postgresql, name, 0.5)
    clock = Clock()
    with opened(postgres.fresh()) as store:
        store._database._breaker = CircuitBreaker(clock=clock)

        def freeze_halfway():
            with store._database.session() as session:
                session.execute(text("SELECT 1"))
                with postgres.frozen():
                    session.execute(text("SELECT 1"))

        with pytest.raises(StoreFailed):
            freeze_halfway()
        clock.advance(RETRY_AFTER)
        with postgres.frozen(), pytest.raises(StoreFailed):
            store.names()

        with pytest.raises(StoreFailed):
            store.names()  # it works again, but nobody has tried
        clock.advance(RETRY_AFTER)

        assert store.names() == {}
        assert store.use_token("nonce")


def test_while_a_database_hangs_one_caller_at_a_time_tries_it():
    clock = Clock()
    breaker = CircuitBreaker(clock=clock)
    breaker.opens()
    before = breaker.admits()
    clock.advance(RETRY_AFTER)

    after = [breaker.admits() for _ in range(3)]
    clock.advance(LONGEST_TRY)
    lost = [breaker.admits() for _ in range(2)]
    breaker.closes()

    assert (before, after, lost) == (False, [True, False, False], [True, False])
    assert [breaker.admits() for _ in range(2)] == [True, True]


@pytest.fixture
def busy_file(tmp_path, sqlite_file, monkeypatch) -> Iterator[Store]:
    """A store whose SQLite file another process writes to."""
    monkeypatch.setattr(engine, "WRITE_TIMEOUT", 0.1)
    file = tmp_path / "store.sqlite3"
    with opened(f"sqlite:///{file}") as store:
        type_name(store, Connector(id="one", schema_name="sales.sales"), "Sales")
        with closing(sqlite3.connect(file, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            yield store


def test_a_busy_file_delays_writes_but_no_reads(busy_file):
    with pytest.raises(StoreFailed, match="busy: something else is writing to it"):
        busy_file.use_token("nonce")

    assert busy_file.names() == {("one", "sales.sales"): "Sales"}
    assert busy_file.audit.newest("g", 10) == []
    assert busy_file.groups_to_work_on() == set()
    assert busy_file.sessions.valid(["a"], 0.0, 60.0) == set()
    assert busy_file.tenants.listed() == []


def test_a_writer_of_the_same_process_delays_writes_for_a_limited_time(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "WRITE_TIMEOUT", 0.1)
    writing, proceed = threading.Event(), threading.Event()
    with opened(f"sqlite:///{tmp_path / 'store.sqlite3'}") as store:

        def write():
            with store._database.session():
                writing.set()
                assert proceed.wait(60)

        thread = threading.Thread(target=write)
        thread.start()
        assert writing.wait(60)
        with pytest.raises(StoreFailed, match="busy"):
            store.use_token("nonce")
        names = store.names()
        proceed.set()
        thread.join()

        assert names == {}
        assert store.use_token("nonce")


@pytest.mark.exhaustive
def test_a_write_to_a_frozen_server_is_refused_within_five_seconds(postgres):
    with opened(postgres.fresh()) as store:
        assert store.use_token("before")
        with postgres.frozen():
            start = time.monotonic()
            with pytest.raises(StoreFailed):
                store.use_token("nonce")
            first = time.monotonic() - start
            with pytest.raises(StoreFailed):
                store.use_token("nonce")
            second = time.monotonic() - start - first

    assert first < 5
    assert second < 0.1
