"""The command `migrate`: apply the migrations that the database lacks, or print them."""

from collections.abc import Iterator

from pbf.config import Settings
from pbf.runtime.opened_store import apply_migrations, missing_migrations

NONE_MISSING = "The database has all migrations of this program."


def migrate_database(settings: Settings) -> Iterator[tuple[bool, str]]:
    """Apply missing migrations and yield a line about each; raise ConfigurationError."""
    applied = apply_migrations(settings)
    for migration in applied:
        yield True, f"Applied: {migration}"
    if not applied:
        yield True, NONE_MISSING


def check_migrations(settings: Settings) -> Iterator[tuple[bool, str]]:
    """Yield a line about each missing migration, without any change; raise ConfigurationError."""
    missing = missing_migrations(settings)
    for migration in missing:
        yield False, f"Missing: {migration}"
    if not missing:
        yield True, NONE_MISSING
