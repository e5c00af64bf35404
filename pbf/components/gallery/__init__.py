"""The gallery of services, searched and filtered in the browser."""

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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
