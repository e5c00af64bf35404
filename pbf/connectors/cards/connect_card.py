"""The way to the Connect Card and back: links, the card's URL, and the return."""

from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pbf.cache.entries import keep_newest
from pbf.clock import utc_now
from pbf.connectors.access.caller import require
from pbf.connectors.context import Context
from pbf.fivetran.models import ConnectCard, Connector
from pbf.paths import PREFIX, absolute
from pbf.rules.access.permissions import Permission
from pbf.signed_links import Signer, State

# The card that came with a creation is kept for so long, for the first visit.
CARD_LIFETIME = timedelta(minutes=1)
MOST_CARDS = 1000


class ConnectCards:
    """One tenant's links to the Connect Card, and the returns from it.

    `public_url` is where browsers reach us, without a slash at the end.
    """

    def __init__(self, context: Context, tenant_id: str, signer: Signer) -> None:
        """Sign for one tenant."""
        self._tenant_id = tenant_id
        self._signer = signer
        self._client = context.client
        self._store = context.store
        self._connectors = context.connectors
        self._audit_log = context.audit_log
        self._changing = context.changing
        self._new: dict[str, tuple[datetime, Connector, ConnectCard]] = {}

    def link(self, connector_id: str) -> str:
        """Return the path of our route that leads to a connector's card."""
        return f"{PREFIX}/go/{self._signer.link(self._tenant_id, connector_id)}"

    def read_link(self, link: str) -> str | None:
        """Return the connector id of the signed part of a link, or None if it is not valid."""
        return self._signer.read_link(link, self._tenant_id)

    def open(self, connector_id: str, *, public_url: str) -> str:
        """Return the URL of a card that leads back to our return route.

        The card that came with the creation serves for the first visit.
        """
        require(Permission.CHANGE)
        created_at, connector, card = self._new.pop(connector_id, (None, None, None))
        if created_at and connector and card and _now() - created_at < CARD_LIFETIME:
            with self._audit_log.record("card") as entry:
                entry.about(connector)
            return absolute(card.uri, public_url)
        redirect_uri = self.return_url(public_url, connector_id=connector_id)
        return absolute(self._card(connector_id, redirect_uri).uri, public_url)

    def open_for_colleague(self, connector_id: str, link_id: str, *, public_url: str) -> str:
        """Return the URL of a card that leads back to the page for colleagues with a link."""
        state = self._signer.state(
            self._tenant_id, connector_id=connector_id, invitation_id=link_id
        )
        card = self._card(connector_id, f"{public_url}{PREFIX}/invited?state={state}")
        return absolute(card.uri, public_url)

    def form(self, connector_id: str, *, public_url: str, redirect_uri: str | None = None) -> str:
        """Return the URL of a card for a front end that leads back to `redirect_uri`.

        Without it the front end may append a redirect_uri of its own.
        """
        uri = self._card(connector_id, redirect_uri or public_url).uri
        return absolute(uri if redirect_uri else _without_redirect(uri), public_url)

    def return_url(self, public_url: str, *, connector_id: str = "", schema_name: str = "") -> str:
        """Return the URL of our return route with a new state for a connector."""
        state = self._signer.state(
            self._tenant_id, connector_id=connector_id, schema_name=schema_name
        )
        return f"{public_url}{PREFIX}/return?state={state}"

    def returned(self, state: str) -> Connector | None:
        """Return the connector that a browser comes back from, as Fivetran has it now.

        None for a state that is forged, expired or already used. Raises UnknownConnector if the
        connector is gone, or an ApiError.
        """
        content = self._signer.read_state(state, self._tenant_id)
        return self.read_again(content) if content else None

    def read_again(self, content: State) -> Connector | None:
        """Return the connector of a state as Fivetran has it now; None if the state was used."""
        if not self._store.use_token(content.nonce):
            return None
        by = {"connector_id": content.connector_id, "name": content.schema_name}
        with self._audit_log.record("return", **by) as entry:
            # A cached list shows nothing of the set-up.
            connector = self._connectors.current(
                connector_id=content.connector_id, schema_name=content.schema_name
            )
            entry.details = f"set-up {connector.status.setup_state}"
            return entry.about(connector)

    def keep(self, connector: Connector) -> None:
        """Keep the card that came with a creation, if any, until it expires."""
        now = _now()
        for connector_id, (created_at, _, _) in tuple(self._new.items()):
            if now - created_at >= CARD_LIFETIME:
                self._new.pop(connector_id, None)
        if card := connector.connect_card:
            keep_newest(self._new, connector.id, (now, connector, card), MOST_CARDS)

    def _card(self, connector_id: str, redirect_uri: str) -> ConnectCard:
        with self._changing("card", connector_id) as connector:
            return self._client.get_connect_card_url_for_connector(
                connector.id, redirect_uri=redirect_uri
            )


def _without_redirect(url: str) -> str:
    parts = urlsplit(url)
    pairs = [pair for pair in parse_qsl(parts.query) if pair[0] != "redirect_uri"]
    return urlunsplit(parts._replace(query=urlencode(pairs)))


def _now() -> datetime:
    return utc_now()
