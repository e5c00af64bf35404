"""Creation that happens once, although Fivetran has no idempotency keys and answers get lost.

An attempt is stored, with its permanent name reserved, before the call. A later caller that finds
it with no owner first looks the name up in the group. A connector that the earlier call created is
adopted; another connector of that name is left alone, and the name is taken; only if there is none
the call is sent again under the same name, which Fivetran gives out once.
"""

import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from pbf.concurrency import draining
from pbf.connectors.access.caller import require
from pbf.connectors.connector_list import connector_named
from pbf.connectors.context import Context
from pbf.connectors.taken_names import PermanentNames, digest, is_same, taken
from pbf.connectors.uncertain_writes import UNCERTAIN, attempt, confirm
from pbf.errors import (
    ApiError,
    ApiRejected,
    Conflict,
    InProgress,
    InvalidRequest,
    KeyReused,
    PbfError,
    StoreFailed,
    UnknownConnector,
)
from pbf.fivetran.models import Connector
from pbf.rules.access.permissions import Permission
from pbf.rules.writes import adoption
from pbf.store.leases import LEASE
from pbf.store.tables import Creation

KEY_REUSED = (
    "This Idempotency-Key was already used for another connector. "
    "Use a new Idempotency-Key for a different request."
)
POLL_INTERVAL = 0.1
LONGEST_RETRY_AFTER = 5
# A call whose process died may be on its way for so many timeouts.
TIMEOUTS_OF_A_CALL = 4

logger = logging.getLogger("pbf")


class CreationService:
    """Creates the connectors of one group."""

    def __init__(self, context: Context, names: PermanentNames) -> None:
        """Create connectors under the names that are free in the group."""
        self._group_id = context.group_id
        self._client = context.client
        self._attempts = context.store.creations
        self._connectors = context.connectors
        self._audit_log = context.audit_log
        self._policy = context.policy
        self._names = names
        self._longest_call = TIMEOUTS_OF_A_CALL * context.client.timeout

    def created_by(self, key: str) -> str | None:
        """Return the id of the connector that the attempt of a key has created, if any."""
        creation = self._attempts.find(self._group_id, digest(key))
        return creation.connector_id if creation else None

    def create(
        self,
        service_id: str,
        typed: str,
        *,
        required: tuple[str, ...],
        redirect_uri: Callable[[str], str],
        admit: Callable[[], None],
        key: str | None = None,
        patience: float = 0.0,
    ) -> Connector:
        """Create a connector; the same key again returns the connector of the first call.

        `required` are the naming fields that the service's metadata names; `redirect_uri` makes the
        address to come back to from a permanent name; `admit` raises if no more may be created. If
        another process works on the same attempt, wait for it for `patience` seconds, then raise
        InProgress.
        """
        new = self._names.new_attempt(service_id, typed, required=required, key=key)
        admit()
        end = time.monotonic() + patience
        with self._audit_log.record("create", name=new.schema_name) as entry:
            require(Permission.CHANGE)
            try:
                creation = self._claim(new, end)
            except StoreFailed as error:
                raise StoreFailed(f"Nothing was created. {error}") from error
            if isinstance(creation, Connector):
                entry.skipped = True  # it was recorded when it was created
                return creation
            url = redirect_uri(creation.schema_name)
            with self._attempts.kept(creation):
                connector = entry.about_new(self._carry_out(creation, url))
        if creation.key != new.key and key:
            with suppress(StoreFailed):  # it is stored under the other key
                self._attempts.add(replace(new, reserved=None))
                self._finish(new, connector)
        return connector

    def settle_abandoned(self) -> None:
        """Find out what became of the attempts that no process works on any more."""
        for creation in self._attempts.unsettled(self._group_id):
            with suppress(ApiError):
                self._settle(creation)

    def _settle(self, creation: Creation) -> None:
        """Adopt what an abandoned attempt has created; drop it once it can create nothing."""
        with draining.write():
            if self._attempts.claim(creation):
                with self._attempts.kept(creation):
                    self._settle_claimed(creation)

    def _settle_claimed(self, creation: Creation) -> None:
        connector = self._look_up(creation) if creation.sent_at else None
        if connector and _created(creation, connector):
            with self._audit_log.record("create", details="its answer was lost") as entry:
                entry.about_new(self._finish(creation, connector))
        elif not connector and self._client.now() < (creation.sent_at or 0.0) + self._longest_call:
            # The call may still be on its way.
            self._release(creation)
        else:
            self._attempts.remove(creation)

    def _claim(self, new: Creation, end: float) -> Creation | Connector:
        """Return the attempt to carry out, now ours, or the connector that it has created."""
        while True:
            stored = self._attempts.find(new.group_id, new.key)
            holder = self._attempts.holder(new.group_id, new.reserved or "")
            if stored is None and holder and is_same(holder, new):
                stored = holder  # begun under another key, such as by a process that died
            if stored is None:
                self._refuse_if_taken(new, holder)
                if self._attempts.add(new, LEASE):
                    self._refuse_above_limit(new)
                    return new
            elif stored.fingerprint != new.fingerprint:
                raise KeyReused(KEY_REUSED)
            elif stored.connector_id:
                if connector := self._existing(stored.connector_id):
                    return connector
                self._attempts.remove(stored)
            elif not self._attempts.is_held(stored):
                if self._attempts.claim(stored):
                    return stored
            elif time.monotonic() < end:
                time.sleep(POLL_INTERVAL)
            else:
                raise self._in_progress(stored)

    def _refuse_above_limit(self, new: Creation) -> None:
        """Remove a new attempt, and raise LimitReached, if it is one connector too many."""
        try:
            self._names.refuse_above(self._policy().limits.connectors, new)
        except PbfError:
            with suppress(StoreFailed):
                self._attempts.remove(new)
            raise

    def _existing(self, connector_id: str) -> Connector | None:
        """Return a connector that an attempt has created, or None if it is gone since."""
        with suppress(UnknownConnector):
            return self._connectors.connector(connector_id)
        self._connectors.forget()  # another process may have created it after the list was read
        with suppress(UnknownConnector):
            return self._connectors.connector(connector_id)
        return None

    def _refuse_if_taken(self, new: Creation, holder: Creation | None) -> None:
        """Raise NameTaken if another connector or attempt has the name."""
        if holder:
            with suppress(ApiError):
                self._settle(holder)
        name = self._names.name(new)
        # The same attempt may have ended elsewhere meanwhile; then the name is its own.
        if name.taken and self._attempts.find(new.group_id, new.key) is None:
            raise taken(name)

    def _carry_out(self, creation: Creation, redirect_uri: str) -> Connector:
        """Send the call, unless an earlier uncertain one has created a connector."""
        if connector := self._look_up(creation):
            return self._adopt(creation, connector)
        earlier, lease_until = creation.sent_at, self._attempts.now() + LEASE
        sent_at = self._sent_at(creation)
        if not self._attempts.write(creation, sent_at=sent_at, lease_until=lease_until):
            raise self._in_progress(creation)
        try:
            return confirm(
                lambda: self._send(creation, redirect_uri),
                read=lambda: self._adopt_if_there(creation),
                shows=bool,
            )
        except UNCERTAIN:
            self._release(creation)
            raise
        except ApiRejected as error:
            creation.sent_at = earlier  # this call has created nothing
            return self._refused(creation, error)

    def _send(self, creation: Creation, redirect_uri: str) -> Connector:
        connector = self._client.create_connector(
            creation.service,
            self._group_id,
            creation.schema_name.partition(".")[0],
            required=creation.required,
            redirect_uri=redirect_uri,
            defaults=self._policy().new_connector,
        )
        return self._finish(creation, connector)

    def _sent_at(self, creation: Creation) -> float:
        """Return when the first call was sent that may still create a connector.

        The latest look-up did not find the name: a connector created before it is not ours.
        """
        now = self._client.now()
        earlier = creation.sent_at
        return now if earlier is None or earlier + self._longest_call < now else earlier

    def _look_up(self, creation: Creation) -> Connector | None:
        """Return the connector of an attempt's name; release the attempt if that fails."""
        try:
            return self._named(creation)
        except ApiError:
            self._release(creation)
            raise

    def _named(self, creation: Creation) -> Connector | None:
        return connector_named(self._client, self._group_id, creation.schema_name)

    def _adopt_if_there(self, creation: Creation) -> Connector | None:
        connector = self._named(creation)
        return self._adopt(creation, connector) if connector else None

    def _adopt(self, creation: Creation, connector: Connector) -> Connector:
        """Finish an attempt with the connector of its name, or raise NameTaken if not its own."""
        if _created(creation, connector):
            return self._finish(creation, connector)
        with suppress(StoreFailed):
            self._attempts.remove(creation)
        self._connectors.forget()
        raise self._names.taken_by(connector.schema_name, creation)

    def _refused(self, creation: Creation, error: ApiRejected) -> Connector:
        """Raise why Fivetran did not create it, or adopt what an earlier call has created."""
        # The list that the name was checked against may be outdated.
        self._connectors.forget()
        if isinstance(error, InvalidRequest | Conflict) and (
            connector := attempt(lambda: self._named(creation))
        ):
            return self._adopt(creation, connector)
        self._release(creation)
        raise error

    def _release(self, creation: Creation) -> None:
        """Leave an attempt to others while a call of it is uncertain; drop it otherwise."""
        with suppress(StoreFailed):
            if creation.sent_at:
                self._attempts.release(creation, sent_at=creation.sent_at)
            else:
                self._attempts.remove(creation)

    def _in_progress(self, creation: Creation) -> InProgress:
        left = math.ceil(creation.lease_until - self._attempts.now())
        return InProgress(
            "This connector is being created already. Try again in a moment.",
            retry_after=max(1, min(left, LONGEST_RETRY_AFTER)),
        )

    def _finish(self, creation: Creation, connector: Connector) -> Connector:
        try:
            self._attempts.finish(creation, connector)
        except StoreFailed:
            # It exists and is listed; the attempt is settled once the database is back.
            logger.error("a creation could not be stored: %s", connector.id)
        self._connectors.forget()
        return connector.model_copy(update={"display_name": creation.typed})


def _created(creation: Creation, connector: Connector) -> bool:
    """Return whether an attempt has created the connector of its name."""
    sent_at = creation.sent_at
    return sent_at is not None and adoption.was_created(
        connector, service=creation.service, sent_at=sent_at
    )
