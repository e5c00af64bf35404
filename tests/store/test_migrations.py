"""A database of an earlier version keeps its rows when a newer program opens it."""

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url, text

from pbf.store import migrations
from pbf.store.store import Store

ENTRY = (
    "INSERT INTO audit (at, actor, what, connector_id, name, outcome, group_id)"
    " VALUES ('2026-11-01T00:00:00+00:00', 'page', 'pause', 'one', 'sales', 'done', 'g')"
)
NAME = "INSERT INTO typed_names VALUES ('one', 'sales', 'Sales')"


def test_a_database_of_the_first_version_keeps_its_rows(persistent):
    _first_version(persistent, ENTRY, NAME)

    store = Store(persistent)
    store.audit.add("person:1", "resume", "one", "sales", "done", group_id="g", actor_name="Ada")

    assert store.names() == {("one", "sales"): "Sales"}
    assert [(entry.actor, entry.actor_name) for entry in store.audit.entries()] == [
        ("page", ""),
        ("person:1", "Ada"),
    ]
    assert store.tenants.listed() == []
    store.close()


def _first_version(url, *statements: str) -> None:
    """Create a database of version 0001, and execute statements in it."""
    url = make_url(url)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    config = Config()
    config.set_main_option("script_location", str(migrations.MIGRATIONS))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()
