"""Reading a sync history in pages, so that none is skipped or doubled while new syncs arrive."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pbf.rules.timeline.entries import SyncEntry
from pbf.rules.timeline.marks import moment_of

TICK = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Returns the newest syncs before a time, at most so many.
Read = Callable[[datetime, int], Sequence[SyncEntry]]


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: at the newest sync before a time, after so many of them."""

    until: datetime
    skip: int = 0

    def __str__(self) -> str:
        """Return the cursor as text for an address."""
        return f"{(self.until - EPOCH) // TICK}-{self.skip}"

    @classmethod
    def of(cls, text: str) -> "Cursor":
        """Return the cursor of a text, or raise ValueError."""
        ticks, _, skip = text.partition("-")
        if not (ticks.isascii() and ticks.isdigit() and skip.isascii() and skip.isdigit()):
            raise ValueError("not a cursor")
        try:
            return cls(EPOCH + int(ticks) * TICK, min(int(skip), 1000))
        except OverflowError as error:
            raise ValueError("not a cursor") from error


def page(read: Read, cursor: Cursor, size: int) -> tuple[list[SyncEntry], Cursor | None]:
    """Return the syncs of a page, newest first, and where the next one begins, if there is one."""
    entries = list(read(cursor.until, cursor.skip + size + 1))[cursor.skip :]
    if len(entries) <= size:
        return entries, None
    shown = entries[:size]
    moment = moment_of(shown[-1])
    same = sum(moment_of(entry) == moment for entry in shown)
    if moment is None or (same == size and moment + TICK == cursor.until):
        return shown, Cursor(cursor.until, cursor.skip + size)
    return shown, Cursor(moment + TICK, same)
