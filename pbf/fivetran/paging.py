"""Fivetran's lists, read page by page; an unreadable item does not fail the list."""

import logging
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from pbf.errors import BadAnswer
from pbf.fivetran.http.transport import Request

Model = TypeVar("Model", bound=BaseModel)

LARGEST_PAGE = 1000

log = logging.getLogger(__name__)


class ItemReader(Generic[Model]):
    """Parses the items of a list, each id once; `unread` counts those that it cannot parse."""

    def __init__(self, model: type[Model], logged: set[tuple[str, str]]) -> None:
        """Log unreadable fields by model and field, unless they are in `logged`."""
        self.unread = 0
        self._model = model
        # Only a field of the model counts: items may hold another value named id.
        self._has_ids = "id" in model.model_fields
        self._logged = logged
        self._unreadable: set[str] = set()
        self._seen: set[str] = set()

    def read(self, item: object) -> Model | None:
        """Return the parsed item; None if it is unreadable or its id was read before."""
        try:
            parsed = self._model.model_validate(item, context=self._unreadable)
        except ValidationError:
            self.unread += 1
            return None
        # A list that grows while it is read repeats items of one page on the next.
        id_ = getattr(parsed, "id", "") if self._has_ids else ""
        if id_ and id_ in self._seen:
            return None
        self._seen.add(id_)
        return parsed

    def finish(self) -> None:
        """Log what was unreadable; raise BadAnswer if no item of the list has an id."""
        self._log()
        if self.unread and not self._seen and self._has_ids:
            # If no item has an id, the list is not empty but wrong.
            raise BadAnswer(
                "Fivetran's response does not have the documented format: no list item has an id."
            )

    def _log(self) -> None:
        name = self._model.__name__
        fields = {(name, field) for field in self._unreadable}
        if self.unread:
            fields.add((name, ""))
        for _, field in sorted(fields - self._logged):
            what = f"the field {field}" if field else f"{self.unread} of the items"
            log.warning("Fivetran's response: %s of a list of %s could not be read", what, name)
        self._logged |= fields


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
        pages = pages_of(request, path, query)
        self._items = (item for page in islice(pages, max_pages) for item in page)
        self._reader = ItemReader(model, logged)

    @property
    def unread(self) -> int:
        """How many of the items that were read could not be parsed."""
        return self._reader.unread

    def __next__(self) -> Model:
        """Return the next readable item."""
        for item in self._items:
            if parsed := self._reader.read(item):
                return parsed
        self._reader.finish()
        raise StopIteration


def pages_of(request: Request, path: str, query: Mapping[str, str]) -> Iterator[list[object]]:
    """Yield the unparsed items of a list, page by page."""
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
        yield items
        if cursor is None or cursor == "":
            return
        if not isinstance(cursor, str) or cursor in seen:
            # A partial list shown as a whole one would be worse than an error.
            raise BadAnswer("Fivetran's list does not end. Try again in a moment.")
        seen.add(cursor)
