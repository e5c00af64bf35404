"""Migrations of the store: which are missing, and how they are applied."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent
# The newest migration. If the database is at it, opening costs one query.
HEAD = "0008"
NUMBER = re.compile("[0-9]{4}")
MIGRATION_LOCK = 0x706266  # "pbf"

log = logging.getLogger(__name__)


class MigrationsMissing(ValueError):
    """The database is older than this program; `missing` are the migrations it lacks."""

    def __init__(self, missing: Sequence[str]) -> None:
        """Store the migrations, the first to be applied first."""
        super().__init__("The database lacks migrations.")
        self.missing = missing


def migrate(engine: Engine) -> Sequence[str]:
    """Apply missing migrations and return them; of several processes that start at once, one does.

    A newer database is used as it is, with a warning: a migration keeps what the version before it
    needs. Raises ValueError if the version of the database is no version of this program.
    """
    if not _is_older(_version(engine)):
        return ()
    # Alembic takes a fifth of a second to import and is needed once per version.
    from alembic import command

    config = _config()
    # SQLite locks with the transaction, PostgreSQL on request.
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        version = _version_of(connection)  # another process may have migrated it meanwhile
        if not _is_older(version):
            return ()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return _between(version)


def missing(engine: Engine) -> Sequence[str]:
    """Return the migrations that a database lacks, each as its number and its subject.

    Raises ValueError if the version of the database is no version of this program.
    """
    version = _version(engine)
    return _between(version) if _is_older(version) else ()


def require_migrated(engine: Engine) -> None:
    """Raise MigrationsMissing if the database is older than this program."""
    if lacking := missing(engine):
        raise MigrationsMissing(lacking)


def _is_older(version: str | None) -> bool:
    """Return whether migrations are missing; warn if the database is newer."""
    if version is None or version == HEAD:
        return version is None
    if not NUMBER.fullmatch(version):
        raise ValueError("The database has a version that this program does not know.")
    if version > HEAD:
        log.warning(
            "The database was migrated by a newer version of this program (migration %s; this one "
            "knows %s). It is used as it is. Update this process as well.",
            *(version, HEAD),
        )
    return version < HEAD


def _between(version: str | None) -> Sequence[str]:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config()).iterate_revisions(HEAD, version or "base")
    return [f"{script.revision} {script.doc}" for script in scripts][::-1]


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        try:
            return _read_version(connection)
        except DBAPIError:
            return None  # without a table; asking for it first would cost a query at each start


def _version_of(connection: Connection) -> str | None:
    has_version = inspect(connection).has_table("alembic_version")
    return _read_version(connection) if has_version else None


def _read_version(connection: Connection) -> str | None:
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version
