"""The gallery of services, searched and filtered in the browser."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from pbf.components.gallery.synonyms import ALSO_KNOWN_AS, POPULAR
from pbf.components.loader import PAGE_STYLE, component, pack, parcel

# Marks of what nobody should begin with.
NOT_POPULAR = {"Sunset", "In Fivetran only"}
PLACES = {service: place for place, service in enumerate(POPULAR)}


def gallery(
    cards: bytes, *, version: str, owner: str = "", asks: bool = False, key: str = "gallery"
) -> None:
    """Draw every service as a card that leads to its connect page.

    `cards` are `packed`. They are built again only when `version` differs from the last one. The
    browser keeps which services were opened recently for one `owner`. With `asks`, a search without
    matches offers to ask for the source; `asked_for` returns its text.
    """
    draw = component("pbf_gallery", Path(__file__).parent, PAGE_STYLE)
    label = {"version": version, "owner": owner, "asks": asks}
    draw(key=key, data=parcel(label, cards), on_ask_change=lambda: None)


def asked_for(key: str = "gallery") -> str:
    """Return the text that somebody asks for in this run, or "".

    It comes from the browser and may be any text. It is returned once.
    """
    state = st.session_state.get(key)
    ask = state.get("ask") if isinstance(state, Mapping) else None
    if not isinstance(ask, Mapping):
        return ""
    text, nonce = ask.get("text"), ask.get("nonce")
    if not isinstance(text, str) or nonce is None:
        return ""
    if st.session_state.get(f"{key}-answered") == nonce:
        return ""
    st.session_state[f"{key}-answered"] = nonce
    return text


def service_gallery(
    services: pd.DataFrame | Iterable[Mapping[str, Any]],
    *,
    key: str = "service_gallery",
    height: int | None = 560,
) -> dict[str, Any] | None:
    """Draw services as cards to search and to choose from, and return the one that is chosen.

    For any Streamlit app. `services` is what `FivetranConnection.services()` returns, or mappings
    with `id` and `name`; `category`, `description`, `icon`, `docs` (URLs) and `mark` (a word such
    as "Beta") are shown if they are there. The result has all that `services` says of it; None if
    none is chosen. It scrolls within a `height` in pixels; with None it is as high as its cards.
    """
    rows = {str(row["id"]): row for row in _records(services)}
    body, version = _packed_once(tuple(_texts(service, row) for service, row in rows.items()))
    state = st.session_state.get(key)
    chosen = state.get("service") if isinstance(state, Mapping) else None
    row = rows.get(chosen) if isinstance(chosen, str) else None
    data = parcel({"version": version, "chooses": True, "chosen": chosen if row else None}, body)
    draw = component("pbf_gallery", Path(__file__).parent, PAGE_STYLE)
    with st.container(height=height or "content", border=False):
        draw(key=key, data=data, default={"service": None}, on_service_change=lambda: None)
    return row


def _records(services: pd.DataFrame | Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = services.to_dict("records") if isinstance(services, pd.DataFrame) else services
    return [{str(name): value for name, value in row.items()} for row in rows]


def _texts(service: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a card shows of a service; a missing value of a DataFrame is no text."""
    mark = row.get("mark") if row.get("creatable", True) else "In Fivetran only"
    shown = (row.get(name) for name in ("description", "icon", "docs"))
    category = row.get("category") or "Other"
    texts = (text if isinstance(text, str) else "" for text in (category, *shown, mark))
    return service, str(row["name"]), *texts


@lru_cache(maxsize=8)
def _packed_once(services: tuple[tuple[str, ...], ...]) -> tuple[bytes, str]:
    """Return the cards of services, packed, and their version; kept, since a script runs often."""
    names = ("id", "name", "category", "description", "icon", "docs", "mark")
    cards = [{**dict(zip(names, service, strict=True)), "yours": 0} for service in services]
    body = packed(cards)
    return body, sha256(body).hexdigest()[:16]


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
