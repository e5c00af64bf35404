"""Where the tests of stores keep them, and how a new one gets its tables without making them."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from pbf.store import database
from pbf.store.store import Store
from pbf.store.tables import Deletion


def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a new store of the kind that the test asks for."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres_database")
    if request.param == "memory":
        return "sqlite://"
    file = tmp_path / "store.sqlite3"
    shutil.copy(request.getfixturevalue("sqlite_file"), file)
    return f"sqlite:///{file}"


@contextmanager
def copied_tables() -> Iterator[None]:
    """Copy the tables of the first store in memory into the following ones.

    SQLAlchemy needs 14 ms to make them, SQLite less than one to copy them.
    """
    template = sqlite3.connect(":memory:", check_same_thread=False)
    first = Store("sqlite://")
    with closing(first._database.engine.raw_connection()) as connection:
        connection.driver_connection.backup(template)
    first.close()

    def create_all(engine: Engine) -> None:
        with closing(engine.raw_connection()) as connection:
            template.backup(connection.driver_connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database.Base.metadata, "create_all", create_all)
        yield
    template.close()


def deletion() -> Deletion:
    """Return the pending deletion of a connector that is due."""
    return Deletion(
        group_id="g",
        connector_id="one",
        service="stripe",
        name="Sales",
        schema_name="sales",
        was_paused=False,
        due_at=0.0,
    )


def add_entry(
    store: Store,
    actor: str,
    what: str,
    connector_id: str,
    name: str,
    outcome: str,
    *,
    group_id: str,
    details: str = "",
    actor_name: str = "",
) -> None:
    """Record an action of which the outcome is known in the audit log."""
    with store.audit.recording(
        actor=actor,
        actor_name=actor_name,
        what=what,
        connector_id=connector_id,
        name=name,
        group_id=group_id,
        details=details,
    ) as entry:
        entry.outcome = outcome
