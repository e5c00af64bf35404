"""Columns for text from outside, which may hold what a database refuses.

SQLite accepts anything. PostgreSQL refuses a statement for all of its rows because of one value.
"""

from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.types import TypeDecorator

from pbf.visible_text import storable


class ShortText(TypeDecorator[str]):
    """Text of up to `length` characters; what is stored or compared with it is made storable."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        """Cut longer texts to a length."""
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002
        """Return a value as it is sent to the database."""
        return None if value is None else storable(value, self.length)


class LongText(TypeDecorator[str]):
    """Text of any length; what is stored or compared with it is made storable."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002
        """Return a value as it is sent to the database."""
        return None if value is None else storable(value)
