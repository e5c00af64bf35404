"""Fivetran's lists: read page by page, item by item, so that one odd item stays the only one."""

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
    """The items of a list that can be read, each id once; `unread` counts those that cannot."""

    def __init__(
        self,
        request: Request,
        model: type[Model],
        path: str,
        query: Mapping[str, str],
        *,
        logged: set[tuple[str, str]],
        most: int | None = None,
    ) -> None:
        """Read a list through a request, its first `most` pages if given.

        What cannot be read is logged by the names of model and field, once: `logged` remembers.
        """
        self.unread = 0
        self._model = model
        # A field of its own: what else an item holds may be called so, too.
        self._has_ids = "id" in model.model_fields
        self._items = _items(request, path, query, most)
        self._logged = logged
        self._odd: set[str] = set()
        self._seen: set[str] = set()

    def __next__(self) -> Model:
        """Return the next item that can be read."""
        for item in self._items:
            try:
                found = self._model.model_validate(item, context=self._odd)
            except ValidationError:
                self.unread += 1
                continue
            # A list that grows while it is read has the end of a page on the next one again.
            id_ = getattr(found, "id", "") if self._has_ids else ""
            if not id_ or id_ not in self._seen:
                self._seen.add(id_)
                return found
        self._log()
        if self.unread and not self._seen and self._has_ids:
            # None at all is no odd item; an empty list would be taken for the truth.
            raise BadAnswer(
                "Fivetran's answer is not of the documented shape: no item of a list has an id."
            )
        raise StopIteration

    def _log(self) -> None:
        name = self._model.__name__
        found = {(name, field) for field in self._odd} | ({(name, "")} if self.unread else set())
        for _, field in sorted(found - self._logged):
            what = f"the field {field}" if field else f"{self.unread} of the items"
            log.warning("Fivetran's answer: %s of a list of %s could not be read", what, name)
        self._logged |= found


def _items(
    request: Request, path: str, query: Mapping[str, str], most: int | None
) -> Iterator[object]:
    """Yield what is on the pages of a list, as it is."""
    seen: set[str] = set()
    cursor = None
    while True:
        params: dict[str, str | int] = {"limit": LARGEST_PAGE, **query}
        if cursor is not None:
            params["cursor"] = cursor
        page = request.send("GET", path, params=params)
        items, cursor = page.get("items"), page.get("next_cursor")
        if not isinstance(items, list):
            raise BadAnswer("Fivetran's answer has no list of items. Try again in a moment.")
        yield from items
        if cursor is None or cursor == "":
            return
        if not isinstance(cursor, str) or cursor in seen:
            # A partial list shown as a whole one would be worse than an error.
            raise BadAnswer("Fivetran's list does not end. Try again in a moment.")
        seen.add(cursor)
        if len(seen) == most:
            return
