"""Connections to SQLite: private files, write-ahead logging, one writer at a time."""

import os
import sqlite3
import time
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

# In seconds: how long opening waits for other processes.
OPEN_TIMEOUT = 15.0
RETRY_INTERVAL = 0.01
PRIVATE = 0o600


def create_private(_dialect: object, _record: object, arguments: Any, _options: Any) -> None:
    """Create the file readable by its owner only; SQLite would make it readable by everybody.

    A file that exists is never opened: to close it again would release the locks of all of this
    process's connections (https://sqlite.org/howtocorrupt.html, 2.2). Another process could then
    delete the write-ahead log while we use it.
    """
    path = str(arguments[0])
    if not path.startswith("file:"):
        with suppress(OSError):  # it exists, or SQLite reports what is wrong
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE))


def _make_private(path: str) -> None:
    """Make the files readable by their owner only; files that SQLite adds copy that mode."""
    for file in (path, f"{path}-wal", f"{path}-shm"):
        with suppress(OSError):  # missing, or another user's: the doctor reports it
            if os.stat(file).st_mode & 0o077:
                os.chmod(file, PRIVATE)


def prepare(connection: Any, _record: object) -> None:
    """Make the files private and turn on write-ahead logging, when a connection is opened."""
    for _, name, path in connection.execute("PRAGMA database_list").fetchall():
        if name == "main" and path:
            _make_private(path)
    # The driver would not begin a transaction before it changes tables.
    connection.isolation_level = None
    _write_ahead(connection, time.monotonic() + OPEN_TIMEOUT)
    connection.execute("PRAGMA synchronous=NORMAL")


def _write_ahead(connection: Any, end: float) -> None:
    """Turn on write-ahead logging; SQLite ignores its own busy timeout here, so retry."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(RETRY_INTERVAL)
        else:
            return


def begin(connection: Connection) -> None:
    """Begin a transaction, which locks the file unless it only reads."""
    # A transaction that reads before it writes would fail if another one wrote in between.
    reads_only = connection.get_execution_options().get("reads_only")
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
