"""The wall of services, searched and filtered in the browser."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pbf.component import component
from pbf.gallery.names import ALSO_KNOWN_AS, POPULAR

FIELDS = ("id", "name", "category", "description", "icon", "docs", "mark", "yours")
PLACES = {service: place for place, service in enumerate(POPULAR)}


def gallery(cards: Sequence[Mapping[str, Any]], *, version: str, key: str = "gallery") -> None:
    """Draw every service as a card that leads to its connect page.

    Each card has `id`, `name`, `category`, `description`, `icon` and `docs` (http, https or a path
    of this host), `mark` ("", "Beta", "Preview" or "Sunset") and `yours`, the number of connectors
    the user has of it. The cards are built anew only when `version` differs from the last one.
    """
    draw = component("pbf_gallery", Path(__file__).parent)
    draw(key=key, data={"version": version, "cards": [card_data(card) for card in cards]})


def card_data(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the browser needs of one card, without what is empty."""
    service = card["id"]
    known = {field: card[field] for field in FIELDS if card.get(field)}
    if service in PLACES and card.get("mark") != "Sunset":
        known["popular"] = PLACES[service]
    if service in ALSO_KNOWN_AS:
        known["also"] = ALSO_KNOWN_AS[service]
    return known
