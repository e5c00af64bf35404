"""The connectors of some groups, read from the list of all connectors of the account."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice

from pbf.errors import BadAnswer
from pbf.fivetran.http.transport import Request
from pbf.fivetran.models import Connector
from pbf.fivetran.paging import ItemReader, pages_of


@dataclass(frozen=True)
class GroupConnectors:
    """The connectors of one group; `unread` counts those that could not be parsed."""

    items: tuple[Connector, ...]
    unread: int


@dataclass(frozen=True)
class AccountConnectors:
    """The connectors of the requested groups by group id, and how many pages the whole list has."""

    groups: Mapping[str, GroupConnectors]
    pages: int


class _Group:
    """The connectors of one group, as far as the list was read."""

    def __init__(self, group_id: str, logged: set[tuple[str, str]]) -> None:
        self._id = group_id
        self._items: list[Connector] = []
        self._reader = ItemReader(Connector, logged)

    def add(self, item: object) -> None:
        """Parse and add an item that names this group."""
        parsed = self._reader.read(item)
        if parsed and parsed.group_id == self._id:
            self._items.append(parsed)

    def result(self) -> GroupConnectors | None:
        """Return the connectors, or None if none of the group's items could be read."""
        try:
            self._reader.finish()
        except BadAnswer:
            return None
        return GroupConnectors(tuple(self._items), self._reader.unread)


def account_connectors(
    request: Request, group_ids: Collection[str], max_pages: int, logged: set[tuple[str, str]]
) -> AccountConnectors | None:
    """Return the connectors of some groups; None if the account's list has more pages.

    Other groups' connectors are not parsed, and a group that cannot be read is left out. Raises
    BadAnswer for a connector without a group, which may belong to any, and the errors of a list.
    """
    groups = {group_id: _Group(group_id, logged) for group_id in group_ids}
    pages = 0
    for page in islice(pages_of(request, "/connections", {}), max_pages + 1):
        pages += 1
        if pages > max_pages:
            return None
        for item in page:
            if group := groups.get(_group_id(item)):
                group.add(item)
    results = {group_id: group.result() for group_id, group in groups.items()}
    return AccountConnectors({id_: result for id_, result in results.items() if result}, pages)


def _group_id(item: object) -> str:
    group_id = item.get("group_id") if isinstance(item, dict) else None
    if not isinstance(group_id, str) or not group_id:
        raise BadAnswer("Fivetran's list of connectors does not name the group of each.")
    return group_id
