"""The store of the settings, and its migrations."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from pbf.config import Settings
from pbf.errors import ConfigurationError
from pbf.store.engines.engine import create_engine_for, is_in_memory
from pbf.store.migrations import MigrationsMissing, migrate, missing
from pbf.store.store import Store

STORE_URL = "sqlite:///pbf.sqlite3"
STORE_IN_MEMORY = "sqlite://"
# Where entries of the audit log wait, unless a setting names a folder: beside an SQLite file, else
# in the working directory.
SPOOL_SUFFIX = "-spool"
SPOOL = "pbf-audit-spool"


def open_store(settings: Settings) -> Store:
    """Return the store of the settings, migrated unless PBF_MIGRATE is off.

    Raises ConfigurationError if it cannot be opened, or is older than this program.
    """
    with _explaining():
        return Store(
            _url(settings),
            migrates=settings.migrate,
            connections=settings.database_connections,
            spool=_spool(settings),
        )


def missing_migrations(settings: Settings) -> Sequence[str]:
    """Return the migrations that the database lacks; raise ConfigurationError."""
    return _with_engine(settings, missing)


def apply_migrations(settings: Settings) -> Sequence[str]:
    """Apply the migrations that the database lacks and return them; raise ConfigurationError."""
    return _with_engine(settings, migrate)


def _with_engine(settings: Settings, action: Callable[[Engine], Sequence[str]]) -> Sequence[str]:
    if _url(settings) == STORE_IN_MEMORY:
        raise ConfigurationError(
            "There is nothing to migrate: with the embedded sandbox, the database is in the memory "
            "of the server process. Set PBF_DATABASE_URL."
        )
    with _explaining():
        engine = create_engine_for(_url(settings))
        try:
            return action(engine)
        finally:
            engine.dispose()


def _url(settings: Settings) -> str:
    # An embedded sandbox loses its connectors at the end of the process, so the store may, too.
    default = STORE_IN_MEMORY if settings.sandbox else STORE_URL
    return settings.database_url or default


def _spool(settings: Settings) -> Path | None:
    """Return the folder of the audit spool; a database in memory needs none, Windows has none."""
    url = make_url(_url(settings))
    if is_in_memory(url) or os.name != "posix":
        return None
    is_file = url.get_backend_name() == "sqlite" and not (url.database or "").startswith("file:")
    return Path(settings.audit_spool or (f"{url.database}{SPOOL_SUFFIX}" if is_file else SPOOL))


@contextmanager
def _explaining() -> Iterator[None]:
    """Raise errors of the database as ConfigurationError."""
    try:
        yield
    except MigrationsMissing as error:
        raise ConfigurationError(
            f"The database is older than this program: it lacks {_counted(error.missing)}. Run: "
            "python -m pbf migrate"
        ) from None
    except (SQLAlchemyError, ImportError, ValueError, TypeError):
        # The error may quote the URL with its password, so it is not chained into logs.
        raise ConfigurationError(
            "The database cannot be opened. Check PBF_DATABASE_URL; if it is not set, the working "
            "directory must be writable."
        ) from None


def _counted(migrations: Sequence[str]) -> str:
    numbers = ", ".join(migration.partition(" ")[0] for migration in migrations)
    return f"migration{'' if len(migrations) == 1 else 's'} {numbers}"
