"""Fivetran's lists, read page by page; an unreadable item does not fail the list."""

import logging
from collections.abc import Iterator, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from pbf.errors import BadAnswer
from pbf.fivetran.transport import Request

Model = TypeVar("Model", bound=BaseModel)

LARGEST_PAGE = 1000

log = logging.getLogger(__name__)


class Pages(Iterator[Model]):
    """The readable items of a list, each id once; `unread` counts the others."""

    def __init__(
        self,
        request: Request,
        model: type[Model],
        path: str,
        query: Mapping[str, str],
        *,
        logged: set[tuple[str, str]],
        max_pages: int | None = None,
    ) -> None:
        """Read a list, or its first `max_pages` pages.

        Unreadable fields are logged by model and field unless they are in `logged`.
        """
        self.unread = 0
        self._model = model
        # Only a field of the model counts: items may hold another value named id.
        self._has_ids = "id" in model.model_fields
        self._items = _items(request, path, query, max_pages)
        self._logged = logged
        self._unreadable: set[str] = set()
        self._seen: set[str] = set()

    def __next__(self) -> Model:
        """Return the next readable item."""
        for item in self._items:
            try:
                parsed = self._model.model_validate(item, context=self._unreadable)
            except ValidationError:
                self.unread += 1
                continue
            # A list that grows while it is read repeats items of one page on the next.
            id_ = getattr(parsed, "id", "") if self._has_ids else ""
            if not id_ or id_ not in self._seen:
                self._seen.add(id_)
                return parsed
        self._log()
        if self.unread and not self._seen and self._has_ids:
            # If no item has an id, the list is not empty but wrong.
            raise BadAnswer(
                "Fivetran's response does not have the documented format: no list item has an id."
            )
        raise StopIteration

    def _log(self) -> None:
        name = self._model.__name__
        fields = {(name, field) for field in self._unreadable}
        if self.unread:
            fields.add((name, ""))
        for _, field in sorted(fields - self._logged):
            what = f"the field {field}" if field else f"{self.unread} of the items"
            log.warning("Fivetran's response: %s of a list of %s could not be read", what, name)
        self._logged |= fields


def _items(
    request: Request, path: str, query: Mapping[str, str], max_pages: int | None
) -> Iterator[object]:
    """Yield the unparsed items of all pages of a list."""
    seen: set[str] = set()
    cursor = None
    while True:
        params: dict[str, str | int] = {"limit": LARGEST_PAGE, **query}
        if cursor is not None:
            params["cursor"] = cursor
        page = request.send("GET", path, params=params)
        items, cursor = page.get("items"), page.get("next_cursor")
        if not isinstance(items, list):
            raise BadAnswer("Fivetran's response has no list of items. Try again in a moment.")
        yield from items
        if cursor is None or cursor == "":
            return
        if not isinstance(cursor, str) or cursor in seen:
            # A partial list shown as a whole one would be worse than an error.
            raise BadAnswer("Fivetran's list does not end. Try again in a moment.")
        seen.add(cursor)
        if len(seen) == max_pages:
            return
