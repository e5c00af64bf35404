"""The store of the settings."""

from sqlalchemy.exc import SQLAlchemyError

from pbf.config import Settings
from pbf.errors import ConfigurationError
from pbf.store.store import Store

STORE_URL = "sqlite:///pbf.sqlite3"
STORE_IN_MEMORY = "sqlite://"


def open_store(settings: Settings) -> Store:
    """Return the store of the settings.

    Raises ConfigurationError if it cannot be opened.
    """
    # An embedded sandbox loses its connectors at the end of the process, so the store may, too.
    default = STORE_IN_MEMORY if settings.sandbox else STORE_URL
    try:
        url = settings.database_url or default
        return Store(url, connections=settings.database_connections)
    except (SQLAlchemyError, ImportError, ValueError, TypeError):
        # The error may quote the URL with its password, so it is not chained into logs.
        raise ConfigurationError(
            "The database cannot be opened. Check PBF_DATABASE_URL; if it is not set, the working "
            "directory must be writable."
        ) from None
