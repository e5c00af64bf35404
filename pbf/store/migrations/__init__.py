"""Migrations of the store, and how missing ones are applied."""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

MIGRATIONS = Path(__file__).parent
# The newest migration. If the database is at it, opening costs one query.
HEAD = "0007"
MIGRATION_LOCK = 0x706266  # "pbf"


def migrate(engine: Engine) -> None:
    """Apply missing migrations; of several processes that start at once, one does.

    Raises ValueError if the database has a version that this program does not know.
    """
    if _version(engine) == HEAD:
        return
    # Alembic takes a fifth of a second to import and is needed once per version.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    # SQLite locks with the transaction, PostgreSQL on request.
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as exc:
            raise ValueError("The database has a version that this program does not know.") from exc


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        try:
            version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        except DBAPIError:
            return None
    return version
