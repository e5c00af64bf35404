"""Marks beside what pages show; each opens the calls behind it. They exist with Show API on."""

from typing import TYPE_CHECKING

from pbf.ui import session

if TYPE_CHECKING:
    from pbf.fivetran.models import Connector


def mark(
    *names: str,
    key: str = "",
    connector: "Connector | None" = None,
    service: str = "",
    schema: str = "",
    table: str = "",
) -> None:
    """Show the mark of operations, the first one by its method and path.

    They are about a connector or a service, or else about the first ones of the tenant. `key`
    distinguishes marks of the same operations on one page.
    """
    visitor = session.identity()
    if not session.shows_api(visitor):
        return
    # Only for those who have switched Show API on.
    from pbf.ui.show_api import opening, subjects

    subject = subjects.Subject(names, connector, service, schema, table)
    opening.show_mark(subject, key=f"{key}-{'-'.join(names)}")
