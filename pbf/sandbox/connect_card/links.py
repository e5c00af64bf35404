"""Connect Card links: creating them, and finding the connection of a token."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from itsdangerous import BadSignature

from pbf.sandbox.connect_card import tokens
from pbf.sandbox.core.records import Connection
from pbf.sandbox.core.world import World


class CardUnknown(Exception):
    """Raised when a token is not valid here or its connection was deleted."""


class CardExpired(Exception):
    """Raised when a token is older than a day."""


def token_for(world: World, connection: Connection) -> str:
    """Return a token for the card of one connection."""
    claims = {
        "d": {
            "login": True,
            "user": world.owner_id,
            "account": world.account_id,
            "group": connection.group_id,
            "connector": connection.id,
            "method": "PbfCard",
            "identity": False,
        },
        "iat": int(world.clock()),
    }
    return tokens.sign(claims, world.card_secret)


def connection_of(world: World, token: str) -> Connection:
    """Return the connection of a card's token."""
    try:
        claims = tokens.read(token, world.card_secret)
    except BadSignature as error:
        raise CardUnknown from error
    connection = world.connections.get(claims["d"]["connector"])
    if connection is None:
        raise CardUnknown
    if world.clock() - claims["iat"] > world.assumptions.card_lifetime_seconds:
        raise CardExpired
    return connection


def link(base: str, token: str, config: Mapping[str, Any]) -> str:
    """Return the URL of a card; characters that would end a parameter are escaped."""
    parts = []
    if config.get("redirect_uri"):
        parts.append("redirect_uri=" + quote(config["redirect_uri"], safe=":/"))
    parts.append(f"auth={token}")
    if config.get("hide_setup_guide"):
        parts.append("hide_setup_guide=true")
    return f"{base}/connect-card/setup?" + "&".join(parts)
