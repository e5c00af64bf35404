"""One page of a list at a time."""

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

Item = TypeVar("Item")


def part(items: Sequence[Item], *, size: int, key: str | None = None) -> Sequence[Item]:
    """Return the items of the chosen page, and offer the other pages if there are any."""
    pages = -(-len(items) // size)
    number = st.pagination(pages, key=key) if pages > 1 else 1
    return items[(number - 1) * size : number * size]
