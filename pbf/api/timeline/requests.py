"""What the routes of the sync history are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pbf.errors import InputError
from pbf.rules.timeline.paging import Cursor

DEFAULT_SPAN = timedelta(days=7)
LONGEST_SPAN = timedelta(days=90)
DEFAULT_LIMIT = 100
MOST_LIMIT = 1000
LONGEST_TIME = 40
# Any earlier or later time would not fit into a database.
EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SyncQuery:
    """Which syncs to list: those of a period, from a cursor on."""

    since: datetime
    until: datetime
    cursor: Cursor
    limit: int

    @classmethod
    def of(cls, query: Mapping[str, str], now: datetime) -> "SyncQuery":
        """Return what a query string asks for, or raise InputError."""
        until = _time("to", query["to"]) if "to" in query else now
        since = _time("from", query["from"]) if "from" in query else until - DEFAULT_SPAN
        if since >= until:
            raise InputError("from must be earlier than to.")
        # A link made a moment ago still counts as 90 days.
        if until - since > LONGEST_SPAN + timedelta(days=1):
            raise InputError(
                f"At most {LONGEST_SPAN.days} days can be read at once. Send a later from."
            )
        cursor = _cursor(query["cursor"]) if "cursor" in query else Cursor(until)
        return cls(since, until, cursor, _limit(query.get("limit", str(DEFAULT_LIMIT))))


def _time(name: str, text: str) -> datetime:
    try:
        # A plus sign that is not encoded arrives as a blank.
        moment = datetime.fromisoformat(text[:LONGEST_TIME].replace(" ", "+"))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if not EARLIEST <= moment <= LATEST:
            raise ValueError("out of range")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputError(
            f"{name} must be a time in ISO 8601, such as 2026-11-21T00:00:00Z."
        ) from None


def _cursor(text: str) -> Cursor:
    try:
        cursor = Cursor.of(text)
    except ValueError:
        raise InputError("cursor must be the next_cursor of the page before.") from None
    if not EARLIEST <= cursor.until <= LATEST:
        raise InputError("cursor must be the next_cursor of the page before.")
    return cursor


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST_LIMIT):
        raise InputError(f"limit must be a number from 1 to {MOST_LIMIT:,}.")
    return int(text)
