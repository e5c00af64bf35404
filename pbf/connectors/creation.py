"""Creation that happens once, though Fivetran knows no idempotency key and answers get lost.

An attempt is written down with its permanent name reserved before the call. Whoever finds it
later, with nobody at work on it, first looks the name up in the group. What an earlier call may
have made is adopted; another connector of that name is left alone, and the name is taken; only
if there is none the call is made again under the same name, which Fivetran gives out once.
"""

import hashlib
import json
import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from pbf.connectors.audit import Journal
from pbf.connectors.uncertain_writes import DOUBTFUL
from pbf.errors import (
    ApiError,
    ApiRejected,
    Conflict,
    InProgress,
    InvalidRequest,
    KeyReused,
    NameTaken,
    StoreFailed,
    UnknownConnector,
)
from pbf.fivetran import naming_fields
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector
from pbf.rules import naming, write_checks
from pbf.rules.naming import PermanentName
from pbf.store.records import Creation

if TYPE_CHECKING:
    from pbf.store.store import Store

LOOK_AGAIN = 0.1
LONGEST_RETRY_AFTER = 5
# A call, and the look-up after it, may each take as long as two timeouts.
TIMEOUTS_IN_A_LEASE = 4

logger = logging.getLogger("pbf")


class Creator:
    """Creates the connectors of one group."""

    def __init__(
        self,
        group_id: str,
        *,
        client: ApiClient,
        store: "Store",
        find: Callable[[str], Connector],
        existing: Callable[[], list[str]],
        required: Callable[[str], tuple[str, ...]],
        forget: Callable[[], None],
        journal: Journal,
    ) -> None:
        """Create through a client.

        `find` looks a connector up, `existing` lists the permanent names of the group, `required`
        the naming fields of a service, and `forget` drops the known list.
        """
        self._group_id = group_id
        self._client = client
        self._store = store
        self._find = find
        self._existing = existing
        self._required = required
        self._forget = forget
        self._journal = journal
        self._lease = TIMEOUTS_IN_A_LEASE * client.timeout

    def name(self, service_id: str, typed: str, *, key: str | None = None) -> PermanentName:
        """Return the permanent name, taken if listed or reserved by another attempt than `key`.

        It is pending, and not taken, while an attempt at the same thing is not settled.
        """
        wanted = self._wanted(service_id, typed, key)
        return self._name(wanted, wanted.key if key else "")

    def made_by(self, key: str) -> str | None:
        """Return the id of the connector that the attempt of a key has led to, if any."""
        known = self._store.creations.find(self._group_id, _digest(key))
        return known.connector_id if known else None

    def _name(self, wanted: Creation, mine: str) -> PermanentName:
        existing, own = self._existing(), None
        for creation in self._store.creations.unsettled(self._group_id):
            if creation.key == mine or _same(creation, wanted):
                own = creation
            elif creation.reserved:
                existing.append(creation.reserved)
        if own:
            existing = [schema for schema in existing if schema != own.schema_name]
        return replace(self._free(wanted, existing), pending=own is not None)

    @staticmethod
    def _free(wanted: Creation, existing: list[str]) -> PermanentName:
        fields = wanted.naming_fields
        return naming.permanent_name(wanted.service, wanted.typed, existing, fields)

    def create(
        self,
        service_id: str,
        typed: str,
        *,
        redirect: Callable[[str], str],
        key: str | None = None,
        patience: float = 0.0,
    ) -> Connector:
        """Create a connector; the same key again returns what it made the first time.

        `redirect` makes the address to come back to from a permanent name. Where the same attempt
        is at work elsewhere, this waits for it for `patience` seconds, then raises InProgress.
        """
        wanted = self._wanted(service_id, typed, key)
        owner, end = uuid4().hex, time.monotonic() + patience
        with self._journal.noted("create", name=wanted.schema_name) as note:
            try:
                mine = self._claim(wanted, owner, end)
            except StoreFailed as error:
                raise StoreFailed(f"Nothing was created. {error}") from error
            if isinstance(mine, Connector):
                note.left_out = True  # it is in the log since it was made
                return mine
            made = note.about(self._carry_out(mine, owner, redirect(mine.schema_name)))
        if mine.key != wanted.key and key:
            with suppress(StoreFailed):  # it is there, and under the other key it is written down
                self._store.creations.open(replace(wanted, reserved=None), owner, 0.0)
                self._finish(wanted, made)
        return made

    def _wanted(self, service_id: str, typed: str, key: str | None) -> Creation:
        # Asked for once: the answer may be another one later, and the name with it.
        fields = naming_fields.fields(service_id, self._required(service_id))
        name = naming.permanent_name(service_id, typed, (), fields)
        return Creation(
            group_id=self._group_id,
            key=_digest(key or uuid4().hex),
            fingerprint=_digest(json.dumps([service_id, typed])),
            service=service_id,
            typed=typed,
            schema_name=name.schema,
            reserved=name.name,
            naming_fields=fields,
        )

    def settle_abandoned(self) -> None:
        """Find out what became of attempts that nobody is at work on any more."""
        for creation in self._store.creations.unsettled(self._group_id):
            if not creation.is_held:
                with suppress(ApiError):
                    self._settle(creation)

    def _claim(self, wanted: Creation, owner: str, end: float) -> Creation | Connector:
        """Return the attempt to carry out, now ours, or the connector that it has led to."""
        ledger = self._store.creations
        while True:
            known = ledger.find(wanted.group_id, wanted.key)
            holder = ledger.holder(wanted.group_id, wanted.reserved or "")
            if known is None and holder and _same(holder, wanted):
                known = holder  # begun under another key, such as by a process that died
            if known is None:
                self._refuse_if_taken(wanted, holder)
                if ledger.open(wanted, owner, self._lease):
                    return wanted
            elif known.fingerprint != wanted.fingerprint:
                raise KeyReused(
                    "This Idempotency-Key has been used for another connector. "
                    "Send a new key with a new wish."
                )
            elif known.connector_id:
                if made := self._made_before(known.connector_id):
                    return made
                ledger.forget(known)
            elif not known.is_held:
                if ledger.take(known, owner, self._lease):
                    return known
            elif time.monotonic() < end:
                time.sleep(LOOK_AGAIN)
            else:
                raise _in_progress(known)

    def _made_before(self, connector_id: str) -> Connector | None:
        """Return a connector that an attempt has led to, unless it is gone since."""
        with suppress(UnknownConnector):
            return self._find(connector_id)
        self._forget()  # another process may have made it since the list was read
        with suppress(UnknownConnector):
            return self._find(connector_id)
        return None

    def _refuse_if_taken(self, wanted: Creation, holder: Creation | None) -> None:
        """Raise NameTaken if somebody else has the name."""
        if holder and not holder.is_held:
            with suppress(ApiError):
                self._settle(holder)
        try:
            self._refuse_if_listed(wanted)
        except NameTaken:
            # The same attempt may have come to its end elsewhere since we looked.
            if self._store.creations.find(wanted.group_id, wanted.key) is None:
                raise

    def _refuse_if_listed(self, wanted: Creation) -> None:
        if (now := self._name(wanted, wanted.key)).taken:
            raise _taken(now)

    def _carry_out(self, creation: Creation, owner: str, redirect_uri: str) -> Connector:
        """Make the call, unless an earlier one that was in doubt has led to a connector."""
        if found := self._looked_up(creation, owner):
            return self._settled(creation, owner, found)
        sent = replace(creation, sent_at=self._sent_at(creation))
        if not self._store.creations.hold(
            creation, owner, self._lease, sent_at=sent.sent_at or 0.0
        ):
            raise _in_progress(creation)
        try:
            made = self._client.create_connector(
                creation.service,
                self._group_id,
                naming.slug(creation.typed),
                required=creation.naming_fields or self._required(creation.service),
                redirect_uri=redirect_uri,
            )
        except DOUBTFUL as error:
            try:
                found = self._looked_up(sent, owner)
            except ApiError:
                raise error from None
            if found:
                return self._settled(sent, owner, found)
            self._let_go(sent, owner)
            raise
        except ApiRejected as error:
            return self._refused(creation, owner, error)
        return self._finish(creation, made)

    def _sent_at(self, creation: Creation) -> float:
        """Return when the first call goes out that may still lead to a connector.

        The latest answer was that the name is not there: whatever has it before that is not ours.
        """
        now = self._now()
        earlier = creation.sent_at
        return now if earlier is None or earlier + self._lease < now else earlier

    def _now(self) -> float:
        """Return the time by Fivetran's own clock, in whole seconds, as last told."""
        return self._client.date or float(int(time.time()))

    def _looked_up(self, creation: Creation, owner: str) -> Connector | None:
        """Return the connector of an attempt's name; where nobody can tell, let go."""
        try:
            return self._of_that_name(creation)
        except ApiError:
            self._let_go(creation, owner)
            raise

    def _settled(self, creation: Creation, owner: str, found: Connector) -> Connector:
        """Adopt the connector of an attempt's name if the attempt made it, else raise NameTaken."""
        if _made(creation, found):
            return self._finish(creation, found)
        with suppress(StoreFailed):
            self._store.creations.drop(creation, owner)
        self._forget()
        raise _taken(self._free(creation, [*self._existing(), found.schema_name]))

    def _refused(self, creation: Creation, owner: str, error: ApiRejected) -> Connector:
        """Say why Fivetran did not create it; what an earlier call made after all is adopted."""
        # The list we checked the name against may be behind.
        self._forget()
        found = None
        if isinstance(error, InvalidRequest | Conflict):
            with suppress(ApiError):
                found = self._of_that_name(creation)
        if found:
            return self._settled(creation, owner, found)
        self._let_go(creation, owner)
        raise error

    def _of_that_name(self, creation: Creation) -> Connector | None:
        listed = self._client.get_list_of_connectors_in_group(
            self._group_id, schema=creation.schema_name
        )
        same = (one for one in listed if one.schema_name == creation.schema_name)
        return next(same, None)

    def _let_go(self, creation: Creation, owner: str) -> None:
        """Give up an attempt: to others while a call of it is in doubt, else for good."""
        with suppress(StoreFailed):
            if creation.sent_at:
                self._store.creations.release(creation, owner, sent_at=creation.sent_at)
            else:
                self._store.creations.drop(creation, owner)

    def _finish(self, creation: Creation, connector: Connector) -> Connector:
        try:
            self._store.creations.finish(creation, connector)
        except StoreFailed:
            # It is there and it is listed; the attempt is settled once the database is back.
            logger.error("a creation could not be written down: %s", connector.id)
        self._forget()
        return connector.model_copy(update={"display_name": creation.typed})

    def _settle(self, creation: Creation) -> None:
        """Adopt what an abandoned attempt has led to; forget it once it cannot lead to any."""
        owner, ledger = uuid4().hex, self._store.creations
        if not ledger.take(creation, owner, self._lease):
            return
        found = self._looked_up(creation, owner) if creation.sent_at else None
        if found and _made(creation, found):
            with self._journal.noted("create", details="its answer was lost") as note:
                note.about(self._finish(creation, found))
        elif creation.sent_at and not found and self._now() < creation.sent_at + self._lease:
            # The call may still be on its way.
            self._let_go(creation, owner)
        else:
            ledger.drop(creation, owner)


def _in_progress(creation: Creation) -> InProgress:
    left = math.ceil(creation.lease_until - time.time())
    return InProgress(
        "This connector is being created already. Try again in a moment.",
        retry_after=max(1, min(left, LONGEST_RETRY_AFTER)),
    )


def _made(creation: Creation, found: Connector) -> bool:
    """Whether a connector, whose name was not there before, is what an attempt has led to."""
    sent_at = creation.sent_at
    return sent_at is not None and write_checks.was_created(
        found, service=creation.service, sent_at=sent_at
    )


def _same(one: Creation, other: Creation) -> bool:
    """Whether two attempts are at the same thing, and the first is not settled."""
    return one.reserved is not None and one.fingerprint == other.fingerprint


def _taken(name: PermanentName) -> NameTaken:
    return NameTaken(f"The name {name.name} is taken. {name.free} is free.", free=name.free)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
