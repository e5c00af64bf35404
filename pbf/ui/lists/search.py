"""Searching a list: the field, and the items that match."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import streamlit as st

from pbf.paths import LONGEST_SEARCH

Item = TypeVar("Item")


def search_field(placeholder: str, *, key: str) -> str:
    """Show a search field, and return what is typed."""
    typed = st.text_input(
        "Search",
        key=key,
        type="search",
        live=True,
        placeholder=placeholder,
        max_chars=LONGEST_SEARCH,
    )
    return typed[:LONGEST_SEARCH]


def matching(items: Iterable[Item], typed: str, *, text: Callable[[Item], str]) -> Iterator[Item]:
    """Yield the items whose text contains all the typed words."""
    words = typed.casefold().split()
    for item in items:
        content = text(item).casefold() if words else ""
        if all(word in content for word in words):
            yield item
