"""Links with which colleagues, without signing in, finish the set-up of one connector."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from pbf.clock import current_time, utc_now
from pbf.connectors.access.caller import caller, require
from pbf.connectors.cards.connect_card import ConnectCards
from pbf.connectors.context import Context
from pbf.errors import InputError, LimitReached, NotAllowed, UnknownConnector, UnknownLink
from pbf.fivetran.models import Connector
from pbf.paths import PREFIX
from pbf.rules.access.colleague_links import (
    DEFAULT_HOURS,
    DURATIONS,
    LONGEST_NOTE,
    MOST_LINKS,
    WORKING,
    State,
    state,
)
from pbf.rules.access.permissions import Permission
from pbf.rules.health import needs_the_card
from pbf.rules.wording import HOUR
from pbf.signed_links import Signer
from pbf.store.tables import ColleagueLink as Row
from pbf.visible_text import shown

SHOWN_LINKS = 50
GONE = "There is no such link, or it has ended. Reload the list of links."


@dataclass(frozen=True)
class ColleagueLink:
    """A link for a colleague, without its secret part; all times are in UTC."""

    id: str
    connector_id: str
    asker: str
    note: str
    state: State
    created_at: datetime
    expires_at: datetime
    opened_at: datetime | None
    finished_at: datetime | None
    revoked_at: datetime | None

    @property
    def works(self) -> bool:
        """Whether it leads to the Connect Card, and can be revoked."""
        return self.state in WORKING


@dataclass(frozen=True)
class NewLink:
    """A link that was just made, with its whole URL, which nobody can be told again."""

    url: str
    link: ColleagueLink


class ColleagueLinks:
    """One tenant's links for colleagues."""

    def __init__(
        self,
        context: Context,
        signer: Signer,
        cards: ConnectCards,
        *,
        tenant_id: str,
        tenant_name: str,
    ) -> None:
        """Make links for one tenant, which asks where no person does."""
        self._tenant_id = tenant_id
        self._tenant_name = tenant_name
        self._group_id = context.group_id
        self._signer = signer
        self._cards = cards
        self._rows = context.store.colleague_links
        self._connectors = context.connectors
        self._changing = context.changing
        self._policy = context.policy

    def create(
        self, connector_id: str, *, public_url: str, note: str = "", hours: int = DEFAULT_HOURS
    ) -> NewLink:
        """Make a link to a connector's card that works for some hours, one of DURATIONS.

        Raises NotAllowed if the policy allows no links, LimitReached or InputError.
        """
        self._refuse_if_off()
        note = _checked_note(note)
        if hours not in DURATIONS:
            allowed = ", ".join(map(str, DURATIONS))
            raise InputError(f"A link works for {allowed} hours. Choose one of them.")
        details = f"works for {DURATIONS[hours]}"
        with self._changing("invite", connector_id, details=details) as connector:
            if sum(link.works for link in self._of(connector)) >= MOST_LINKS:
                raise LimitReached(
                    f"{MOST_LINKS} links of this connector work already. Revoke one of them first."
                )
            secret = secrets.token_urlsafe(16)
            row = self._row(connector, secret, note=note, hours=hours)
            self._rows.add(row)
        signed = self._signer.invitation(self._tenant_id, secret)
        return NewLink(f"{public_url}{PREFIX}/invite/{signed}", _link(row))

    def listed(self, connector_id: str) -> list[ColleagueLink]:
        """Return the links of a connector, also those that ended, the newest first."""
        require(Permission.CHANGE)
        return self._of(self._connectors.connector(connector_id))

    def revoke(self, connector_id: str, link_id: str) -> ColleagueLink:
        """Revoke a link, and return it; raise UnknownLink if no such link works."""
        with self._changing("revoke", connector_id) as connector:
            works = {link.id for link in self._of(connector) if link.works}
            if link_id not in works or not self._rows.revoke(
                self._group_id, connector.id, link_id, current_time()
            ):
                raise UnknownLink(GONE)
        return next(link for link in self._of(connector) if link.id == link_id)

    def follow(self, invitation: str) -> tuple[ColleagueLink, Connector]:
        """Return a link and its connector by the signed part of the URL; nothing changes.

        Raises UnknownLink, UnknownConnector, NotAllowed if the policy allows no links any more, or
        an ApiError.
        """
        secret = self._signer.read_invitation(invitation, self._tenant_id)
        if secret:
            self._refuse_if_off()
        row = self._rows.find(self._group_id, _digest(secret)) if secret else None
        if row is None:
            raise UnknownLink("This link is not valid. Ask for a new one.")
        connector = self._connectors.connector(row.connector_id)
        if connector.schema_name != row.schema_name:
            raise UnknownConnector("The connector of this link has been deleted.")
        return _link(row), connector

    def open(self, link: ColleagueLink, *, public_url: str) -> str:
        """Return the URL of a new card for a link that works, and note that it was opened."""
        url = self._cards.open_for_colleague(link.connector_id, link.id, public_url=public_url)
        self._rows.mark_opened(self._group_id, link.id, current_time())
        return url

    def returned(self, state: str) -> Connector | None:
        """Return the connector that a colleague comes back from, as Fivetran has it now.

        If its set-up is finished, the link is finished, too. None for a state that is forged,
        expired or already used. Raises UnknownConnector if the connector is gone, or an ApiError.
        """
        content = self._signer.read_state(state, self._tenant_id)
        connector = self._cards.read_again(content) if content else None
        if content and connector and not needs_the_card(connector, utc_now()):
            self._rows.mark_finished(self._group_id, content.invitation_id, current_time())
        return connector

    def _row(self, connector: Connector, secret: str, *, note: str, hours: int) -> Row:
        who, now = caller(), current_time()
        # A token has a name too, but no person asks with it.
        asker = who.name if who.actor.startswith("person:") else ""
        return Row(
            id=secrets.token_hex(8),
            digest=_digest(secret),
            group_id=self._group_id,
            connector_id=connector.id,
            schema_name=connector.schema_name,
            note=note,
            asker=shown(asker or self._tenant_name),
            created_at=now,
            expires_at=now + hours * HOUR,
        )

    def _of(self, connector: Connector) -> list[ColleagueLink]:
        rows = self._rows.listed(self._group_id, connector.id, SHOWN_LINKS)
        return [_link(row) for row in rows if row.schema_name == connector.schema_name]

    def _refuse_if_off(self) -> None:
        if not self._policy().limits.invitations:
            raise NotAllowed("The policy does not allow links for colleagues.")


def _checked_note(note: str) -> str:
    """Return a note as lines of visible characters, or raise InputError if it is too long."""
    if len(note) > LONGEST_NOTE:
        raise InputError(f"A note has at most {LONGEST_NOTE:,} characters. Shorten it.")
    return "\n".join(shown(line.strip()) for line in note.splitlines()).strip()


def _link(row: Row) -> ColleagueLink:
    return ColleagueLink(
        id=row.id,
        connector_id=row.connector_id,
        asker=row.asker,
        note=row.note,
        state=state(
            expires_at=row.expires_at,
            opened_at=row.opened_at,
            finished_at=row.finished_at,
            revoked_at=row.revoked_at,
            now=current_time(),
        ),
        created_at=_moment(row.created_at),
        expires_at=_moment(row.expires_at),
        opened_at=_moment_if(row.opened_at),
        finished_at=_moment_if(row.finished_at),
        revoked_at=_moment_if(row.revoked_at),
    )


def _moment(seconds: float) -> datetime:
    """Return a time in UTC, to the second."""
    return datetime.fromtimestamp(int(seconds), UTC)


def _moment_if(seconds: float | None) -> datetime | None:
    return None if seconds is None else _moment(seconds)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
