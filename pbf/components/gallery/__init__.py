"""The gallery of services, searched and filtered in the browser."""

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pbf.components.gallery.synonyms import ALSO_KNOWN_AS, POPULAR
from pbf.components.loader import PAGE_STYLE, component, pack, parcel

# Marks of what nobody should begin with.
NOT_POPULAR = {"Sunset", "In Fivetran only"}
PLACES = {service: place for place, service in enumerate(POPULAR)}


def gallery(cards: bytes, *, version: str, owner: str = "", key: str = "gallery") -> None:
    """Draw every service as a card that leads to its connect page.

    `cards` are `packed`. They are built again only when `version` differs from the last one. The
    browser keeps which services were opened recently for one `owner`.
    """
    draw = component("pbf_gallery", Path(__file__).parent, PAGE_STYLE)
    draw(key=key, data=parcel({"version": version, "owner": owner}, cards))


def packed(cards: Sequence[Mapping[str, Any]]) -> bytes:
    """Return cards packed for the browser: by name, as short lists.

    A card has the fields of `Card` in `pbf.ui.view_models`.
    """
    categories: dict[str, int] = {}
    short = [
        (
            card["id"],
            card["name"],
            categories.setdefault(card["category"], len(categories)),
            card["description"],
            card["icon"],
            card["docs"],
            *extras(card),
        )
        for card in sorted(cards, key=alphabetical)
    ]
    return pack({"categories": list(categories), "cards": short})


def extras(card: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return what only some cards have; nothing for the others."""
    service = card["id"]
    more = {name: card[name] for name in ("mark", "yours") if card[name]}
    if service in PLACES and card["mark"] not in NOT_POPULAR:
        more["popular"] = PLACES[service]
    if service in ALSO_KNOWN_AS:
        more["also"] = ALSO_KNOWN_AS[service]
    return (more,) if more else ()


def alphabetical(card: Mapping[str, Any]) -> tuple[str, str]:
    """Return what orders cards by name, whatever its accents and capitals."""
    plain = unicodedata.normalize("NFKD", card["name"])
    letters = (letter for letter in plain if not unicodedata.combining(letter))
    return "".join(letters).casefold(), card["id"]
