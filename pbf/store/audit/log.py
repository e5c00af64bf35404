"""The audit log: who did what to which connector, when, and with what outcome.

It only grows: the database itself refuses to change or delete an entry. An entry that the database
does not take waits in the spool.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from uuid import uuid4

from sqlalchemy import DDL, event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pbf.clock import utc_now
from pbf.errors import StoreFailed
from pbf.store.audit.entries import BATCH, FIELDS, AuditEntries
from pbf.store.audit.spool import AuditSpool, SpoolFailed, Values
from pbf.store.database import Database
from pbf.store.tables import Entry

# What of an entry is in the spool.
SPOOLED = ("entry_key", *FIELDS[:-1])
# The outcome of an action whose end is not known, since its process was killed.
BEGUN = "begun"
NOTHING_TO_DO = "nothing to do"
# In seconds: how often the spool is looked at.
INTERVAL = 5.0
NOT_RECORDED = (
    "Nothing was changed, because the change could not be recorded: neither our own database nor "
    "the audit spool on disk can be written. Check the database, and the disk or PBF_AUDIT_SPOOL."
)

log = logging.getLogger("pbf")

# The same triggers as in the first migration, which does not change with this module.
for _event, _condition in (
    ("UPDATE", ""),
    ("DELETE", ""),
    # SQLite replaces a row without firing the trigger for deletions.
    ("INSERT", "WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) "),
):
    event.listen(
        Entry.__table__,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER audit_only_grows_{_event} BEFORE {_event} ON audit {_condition}"
            "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
        ).execute_if(dialect="sqlite"),
    )


class AuditLog(AuditEntries):
    """The audit log of all groups, which is also written."""

    def __init__(self, database: Database, spool: AuditSpool | None = None) -> None:
        """Store entries in a database, and in a spool while the database takes none."""
        super().__init__(database)
        self._spool = spool
        self._storing = threading.Lock()
        self._closed = threading.Event()
        self._has_warned = False

    @contextmanager
    def recording(
        self,
        *,
        actor: str,
        what: str,
        group_id: str,
        actor_name: str = "",
        connector_id: str = "",
        name: str = "",
        details: str = "",
    ) -> Iterator[Entry]:
        """Yield the entry of an action, and record it as it is at the end of the block.

        Its outcome is BEGUN; with an empty one nothing is recorded. If the process is killed in
        the block, the entry is recorded as it was at its beginning. Raises StoreFailed, before
        the block, if neither the spool nor the database can be written.
        """
        entry = Entry(
            at=_now(),
            actor=actor,
            actor_name=actor_name,
            what=what,
            details=details,
            connector_id=connector_id,
            name=name,
            outcome=BEGUN,
            group_id=group_id,
            entry_key=uuid4().hex,
        )
        place = self._begin(entry)
        try:
            yield entry
        finally:
            self._end(entry, place)

    def _begin(self, entry: Entry) -> int | None:
        """Take a line of the spool for an entry; without a spool, record that the action begins."""
        if self._spool is None:
            return None
        try:
            place = self._spool.reserve(_values(entry))
            self._has_warned = False
            return place
        except SpoolFailed as error:
            self._warn(self._spool, error)
        try:
            self._store(entry)
        except StoreFailed as error:
            raise StoreFailed(NOT_RECORDED) from error
        entry.entry_key = uuid4().hex
        return None

    def _end(self, entry: Entry, place: int | None) -> None:
        """Store an entry, or leave it in the spool, where it waits behind earlier ones."""
        if not entry.outcome and place is None and self._spool:
            entry.outcome = NOTHING_TO_DO  # its beginning is in the database already
        if not entry.outcome:
            self._release(place)
            return
        entry.at = _now()
        waits = self._spool is not None and self._spool.has_own
        if not waits:
            with suppress(StoreFailed):
                self._store(entry)
                self._release(place)
                return
        self._keep(_values(entry), place)
        if waits:
            with suppress(OSError, StoreFailed):
                self.store_waiting()

    def _keep(self, entry: Values, place: int | None) -> None:
        try:
            if self._spool is None:
                raise SpoolFailed("there is none")
            line = self._spool.reserve(entry) if place is None else place
            self._spool.keep(line, entry)
        except (OSError, SpoolFailed):
            texts = (entry[name] for name in ("what", "connector_id", "outcome", "actor"))
            log.error("not in the audit log: %s %s, %s by %s", *texts)

    def _release(self, place: int | None) -> None:
        if self._spool and place is not None:
            with suppress(OSError):  # an entry that stays is recognised by its key
                self._spool.release(place)

    def _warn(self, spool: AuditSpool, error: SpoolFailed) -> None:
        if not self._has_warned:
            self._has_warned = True
            log.warning(
                "The audit spool %s cannot be written: %s. Without it, each action is recorded in "
                "the database when it begins as well, and refused while the database is away. Set "
                "PBF_AUDIT_SPOOL to a folder that this process may write to.",
                *(spool.folder, error),
            )

    def waiting(self) -> int:
        """Return how many entries wait in the spool of this machine."""
        return self._spool.waiting() if self._spool else 0

    @property
    def spool(self) -> tuple[str, bool]:
        """The folder of the spool, empty without one, and whether it can be written."""
        return (str(self._spool.folder), self._spool.is_writable()) if self._spool else ("", True)

    def store_waiting(self) -> None:
        """Store the entries that wait, each once, those of killed processes first.

        Raises StoreFailed. Does nothing while another thread does so.
        """
        if self._spool is None or not self._storing.acquire(blocking=False):
            return
        try:
            stored = sum(self._store_late(entries) for entries in self._spool.left_behind())
            while batch := self._spool.oldest(BATCH):
                stored += self._store_late(list(batch.values()))
                for place in batch:
                    self._release(place)
        finally:
            self._storing.release()
        if stored:
            log.warning(
                "%d entries of the audit log were stored late, with their own times.", stored
            )

    def store_waiting_repeatedly(self) -> None:
        """Store what waits, now and every few seconds, in a thread that ends with `close`."""
        if self._spool:
            threading.Thread(target=self._repeat, name="audit spool", daemon=True).start()

    def _repeat(self) -> None:
        while True:
            try:
                self.store_waiting()
            except (OSError, StoreFailed) as error:
                log.debug("audit spool: %s", error)
            if self._closed.wait(INTERVAL):
                return

    def close(self) -> None:
        """Store nothing more; what waits is stored by another process, or the next one."""
        self._closed.set()
        if self._spool:
            with self._storing:  # wait for the thread that stores now
                self._spool.close()

    def _store_late(self, entries: Sequence[Values]) -> int:
        """Store entries from the spool, and return how many of them were not stored already."""
        stored = 0
        for start in range(0, len(entries), BATCH):
            batch = [_spooled(entry) for entry in entries[start : start + BATCH]]
            with self._writing() as session:
                new = _missing(session, batch)
                session.add_all(Entry(**values, stored_at=_now()) for values in new)
            stored += len(new)
        return stored

    def _store(self, entry: Entry) -> None:
        with self._writing() as session:
            session.add_all(Entry(**values) for values in _missing(session, [_values(entry)]))

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """Yield a session in a transaction; raise StoreFailed if it fails in any way."""
        try:
            with self._database.session() as session:
                yield session
        except IntegrityError:
            # An earlier attempt, whose answer was lost, was committed at this moment.
            raise StoreFailed("The database refused an entry of the audit log.") from None


def _missing(session: Session, entries: Sequence[Values]) -> list[Values]:
    """Return the entries that are not stored yet."""
    keys = [entry["entry_key"] for entry in entries]
    stored = set(session.scalars(select(Entry.entry_key).where(Entry.entry_key.in_(keys))))
    return [entry for entry in entries if entry["entry_key"] not in stored]


def _values(entry: Entry) -> Values:
    return {name: getattr(entry, name) for name in SPOOLED}


def _spooled(values: Values) -> Values:
    """Return the fields of an entry that the spool has."""
    return {name: values.get(name, "") for name in SPOOLED}


def _now() -> str:
    return utc_now().isoformat(timespec="milliseconds")
