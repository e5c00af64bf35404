"""What the operations of a mark are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pbf.connectors.portal import Portal
from pbf.errors import PbfError
from pbf.fivetran.models import Connector
from pbf.fivetran.naming_fields import fields
from pbf.show_api.target import Target
from pbf.ui import page

POPULAR = "google_sheets"
EVERY_SIX_HOURS = 360


@dataclass(frozen=True)
class Subject:
    """The operations of a mark, and what they are about as far as the page says so."""

    names: tuple[str, ...]
    connector: Connector | None = None
    service: str = ""
    schema: str = ""
    table: str = ""


# The page on which a dialog is open, and its mark; None for the calls of the session.
OPENED: page.SessionValue[tuple[str, Subject | None] | None]
OPENED = page.SessionValue("api_opened", None)


def target_of(portal: Portal, subject: Subject) -> Target:
    """Return what the operations are about; examples stand for what the page does not say."""
    connector = subject.connector or _first_connector(portal)
    service_id = subject.service or (connector.service if connector else "") or POPULAR
    target: dict[str, Any] = {"group_id": portal.tenant.group_id, "service_id": service_id}
    if subject.schema and subject.table:
        target |= {"schema": subject.schema, "table": subject.table}
    naming = fields(service_id)
    if connector is None or subject.service:
        return Target(**target, naming=dict.fromkeys(naming, "example"))
    return Target(
        **target,
        connector_id=connector.id,
        name=connector.title,
        naming=_naming(connector.schema_name, naming),
        paused=not connector.is_paused,
        sync_frequency=connector.sync_frequency or EVERY_SIX_HOURS,
    )


def _naming(permanent_name: str, names: tuple[str, ...]) -> Mapping[str, str]:
    """Return the naming fields of a permanent name, which may have two parts."""
    parts = permanent_name.split(".", len(names) - 1)
    return dict(zip(names, parts * len(names), strict=False))


def _first_connector(portal: Portal) -> Connector | None:
    try:
        return next(iter(portal.connectors().items), None)
    except PbfError:
        return None


def forget_opened() -> None:
    """Forget the dialog that was closed."""
    OPENED.pop()
