"""PostgreSQL: the time-outs of a connection, which is closed when its server does not answer."""

import os
import socket
from typing import Any

from psycopg import Connection
from psycopg.abc import PQGen
from psycopg.errors import ConnectionTimeout, OperationalError, _WaitTimeout
from sqlalchemy import URL
from sqlalchemy.engine import Connection as Transaction

# All in seconds. libpq accepts no shorter time to connect than two.
CONNECT_TIMEOUT = 2
PING_TIMEOUT = 2.0
STATEMENT_TIMEOUT = 5.0
LOCK_TIMEOUT = 2.0
# Only a change of the tables locks readers out, and most of them have a former answer.
READER_LOCK_TIMEOUT = 0.1
# After PostgreSQL's own limit, which a server that works respects.
ANSWER_TIMEOUT = STATEMENT_TIMEOUT + 0.5
UNACKNOWLEDGED_TIMEOUT = 10.0
# Connections of processes of this program have a name that begins so; PostgreSQL cuts longer ones.
PROCESS = "pbf "
LONGEST_NAME = 63
OTHER_PROCESSES = """\
SELECT count(DISTINCT application_name) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'pbf %'
AND application_name <> current_setting('application_name')"""
KEEPALIVES = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5}


class NoAnswer(OperationalError):
    """The server did not answer in time; the connection is closed."""


# The errors of a server that hangs, as opposed to one that refuses or is slow.
HANGING = (ConnectionTimeout, NoAnswer)


class LimitedConnection(Connection[Any]):
    """A connection that waits for an answer for a limited time.

    PostgreSQL's time-outs work only while the server does, and the operating system acknowledges
    what is sent to a server that is frozen.
    """

    def wait(self, gen: PQGen[Any], *args: Any, **kwargs: Any) -> Any:
        """Return the result of an exchange with the server; raise NoAnswer."""
        # SQLAlchemy switches autocommit on for its ping before each transaction, and only there.
        kwargs.setdefault("timeout", PING_TIMEOUT if self.autocommit else ANSWER_TIMEOUT)
        try:
            return super().wait(gen, *args, **kwargs)
        except _WaitTimeout:
            self.pgconn.finish()
            raise NoAnswer("the server does not answer") from None


def connect_arguments(url: URL, *, is_limited: bool) -> dict[str, Any]:
    """Return psycopg's arguments for a URL, whose own parameters have priority.

    Without `is_limited`, statements may take any time, as migrations do.
    """
    arguments: dict[str, Any] = {
        "connect_timeout": CONNECT_TIMEOUT,
        "tcp_user_timeout": round(1000 * UNACKNOWLEDGED_TIMEOUT),
        "application_name": f"{PROCESS}{os.getpid()} {socket.gethostname()}"[:LONGEST_NAME],
        **KEEPALIVES,
    }
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    if is_limited:
        milliseconds = round(1000 * STATEMENT_TIMEOUT), round(1000 * LOCK_TIMEOUT)
        limits = "-c statement_timeout={} -c lock_timeout={}".format(*milliseconds)
        arguments["options"] = f"{limits} {url.query.get('options', '')}".rstrip()
    return arguments


def connect_limited(_dialect: object, _record: object, args: Any, kwargs: Any) -> LimitedConnection:
    """Open a connection for SQLAlchemy's event `do_connect`."""
    return LimitedConnection.connect(*args, **kwargs)


def begin(transaction: Transaction) -> None:
    """Begin a transaction; one that only reads waits for locks for a shorter time."""
    if transaction.get_execution_options().get("reads_only"):
        limit = f"SET LOCAL lock_timeout = {round(1000 * READER_LOCK_TIMEOUT)}"
        transaction.exec_driver_sql(limit)
