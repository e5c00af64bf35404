"""The operations of the JSON API, route by route, for its OpenAPI document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from pbf.api import schemas
from pbf.api.requests import KEY_HEADER, LONGEST_KEY, Change, NewConnector
from pbf.paths import LONGEST_SEARCH, PREFIX
from pbf.rules.health import TONES

# An example message for each error code.
MESSAGES: Mapping[str, str] = {
    "not_configured": "FIVETRAN_API_SECRET is not set.",
    "foreign_origin": "Pages of other origins may not change anything here.",
    "invalid_request": "The field paused must be true or false.",
    "invalid_json": "The body is not valid JSON: Expecting value at line 1, column 12.",
    "invalid_host": "The Host header is missing or not a valid host name.",
    "unknown_host": "This server does not answer for this host name.",
    "bad_request": "The request is malformed.",
    "invalid_name": "Type a name with at least one letter or digit.",
    "invalid_redirect": "redirect_uri is not an http or https URL.",
    "not_json": "Send the body as JSON, with Content-Type: application/json.",
    "too_large": "The body is larger than 64 KiB.",
    "not_found": "There is no such route.",
    "method_not_allowed": "This route does not allow that method.",
    "name_taken": "The name sales is taken. sales_2 is free.",
    "not_now": "A sync is already running.",
    "key_reused": "This Idempotency-Key has been used for another connector.",
    "in_progress": "This connector is being created already. Try again in a moment.",
    "store_unavailable": "Our own database cannot be read or written right now.",
    "not_creatable": "Google Sheets can be set up in Fivetran's own dashboard only.",
    "unknown_service": "There is no such service. Choose one from the list of services.",
    "unknown_connector": "There is no such connector. It may have been deleted.",
    "rate_limited": "Fivetran takes no more requests for now. Try again in 90 seconds.",
    "too_many": "Too many requests. Try again in 2 minutes.",
    "too_slow": "The body did not arrive in time. Send the request again.",
    "group_not_visible": "Fivetran shows this API key no such group. Check FIVETRAN_GROUP_ID.",
    "fivetran_bad_answer": "Fivetran's answer is not JSON. Try again in a moment.",
    "fivetran_conflict": "Fivetran says that the present state does not allow it.",
    "fivetran_not_applied": "Fivetran answered, but the connector is still paused. Try again.",
    "fivetran_failed": "Fivetran failed. Try again in a moment.",
    "fivetran_invalid_request": "Fivetran says that a value is missing or wrong.",
    "fivetran_not_found": "Fivetran finds no such thing, or not for this key.",
    "fivetran_refused": "Fivetran: Invalid authorization credentials.",
    "fivetran_timeout": "Fivetran did not answer in time. Try again in a moment.",
    "fivetran_unreachable": "Fivetran cannot be reached. Try again in a moment.",
    "failed": "Something went wrong here. Try again in a moment.",
}

ANY_ROUTE = frozenset({"failed", "invalid_host", "unknown_host"})
READS_SETTINGS = ANY_ROUTE | {"not_configured"}
READS_FIVETRAN = READS_SETTINGS | {
    *("rate_limited", "group_not_visible", "fivetran_bad_answer", "fivetran_failed"),
    *("fivetran_refused", "fivetran_timeout", "fivetran_unreachable"),
}
READS_CONNECTOR = READS_FIVETRAN | {"unknown_connector"}
WRITES = {"fivetran_conflict", "fivetran_invalid_request", "fivetran_not_found"}
# Routes that need no body refuse one that is not JSON all the same.
CHANGES_CONNECTOR = (
    READS_CONNECTOR | WRITES | {"foreign_origin", "not_json", "too_many", "fivetran_not_applied"}
)
DELETES = CHANGES_CONNECTOR | {"in_progress", "store_unavailable"}
READS_BODY = {"invalid_json", "invalid_request", "too_large", "too_slow"}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one route.

    `errors` are the error codes that it may return; `csv` is an example of a CSV response.
    """

    method: str
    path: str
    name: str
    summary: str
    response: type[BaseModel] | None
    errors: frozenset[str]
    tag: str = "One connector"
    many: bool = False
    body: type[BaseModel] | None = None
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    headers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    csv: str = ""

    @property
    def has_etag(self) -> bool:
        """Whether the response has an ETag, so that If-None-Match leads to 304."""
        return self.many or not (self.response or self.csv)


FILTERS: Mapping[str, Mapping[str, Any]] = {
    "status": {
        "description": f"Only connectors with this status: {', '.join(TONES)}. Case is ignored.",
        "schema": {"type": "string", "maxLength": LONGEST_SEARCH},
        "example": "Needs you",
    },
    "service": {
        "description": "Only connectors of the service with this id.",
        "schema": {"type": "string", "maxLength": LONGEST_SEARCH},
        "example": "google_sheets",
    },
    "q": {
        "description": "Only connectors with all these words in name, permanent name or service.",
        "schema": {"type": "string", "maxLength": LONGEST_SEARCH},
        "example": "sales",
    },
}
REDIRECT: Mapping[str, Mapping[str, Any]] = {
    "redirect_uri": {
        "description": "Where the card leads back to, within PBF_ALLOWED_ORIGINS. Without it, the "
        "caller may append &redirect_uri= to the address.",
        "schema": {"type": "string", "format": "uri"},
        "example": "https://connect.example.com/back",
    }
}

NOW: Mapping[str, Mapping[str, Any]] = {
    "now": {
        "description": "Delete it permanently now, even if its deletion was delayed before.",
        "schema": {"type": "boolean", "default": False},
        "example": False,
    }
}
IDEMPOTENCY: Mapping[str, Mapping[str, Any]] = {
    KEY_HEADER: {
        "description": "Makes the creation idempotent: for a week, the same key with the same "
        "body returns the same connector.",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_KEY,
            "pattern": "^[ -~]+$",
        },
        "example": "5f0c7c1e-5d2b-4a55-9a0d-6f1f5d6a2b9e",
    }
}

AUDIT_EXAMPLE = """\
at,who,what,details,connector_id,name,outcome,group_id
2026-11-23T10:04:12.358+00:00,page,reschedule,hourly,bubbly_lamp,sales.sales,done,sandy_harbour
"""

SERVICES = f"{PREFIX}/services"
CONNECTORS = f"{PREFIX}/connectors"
CONNECTOR = f"{CONNECTORS}/{{connector_id}}"

OPERATIONS = (
    Operation(
        method="get",
        path=SERVICES,
        name="listServices",
        summary="List the catalogue",
        response=schemas.Service,
        errors=READS_FIVETRAN,
        tag="Services",
        many=True,
    ),
    Operation(
        method="get",
        path=CONNECTORS,
        name="listConnectors",
        summary="List the connectors, all or filtered",
        response=schemas.Connector,
        errors=READS_FIVETRAN | {"invalid_request"},
        tag="Connectors",
        many=True,
        query=FILTERS,
    ),
    Operation(
        method="post",
        path=CONNECTORS,
        name="createConnector",
        summary="Create a connector",
        response=schemas.ConnectorDetail,
        errors=READS_FIVETRAN
        | WRITES
        | READS_BODY
        | {
            "foreign_origin",
            "not_json",
            "invalid_name",
            "name_taken",
            "unknown_service",
            "not_creatable",
        }
        | {"key_reused", "in_progress", "store_unavailable", "too_many"},
        tag="Connectors",
        body=NewConnector,
        headers=IDEMPOTENCY,
    ),
    Operation(
        method="get",
        path=f"{PREFIX}/deletions",
        name="listDeletions",
        summary="List the deleted connectors that can still be restored",
        response=schemas.DeletedConnector,
        errors=READS_FIVETRAN,
        tag="Connectors",
        many=True,
    ),
    Operation(
        method="get",
        path=CONNECTOR,
        name="getConnector",
        summary="Get a connector",
        response=schemas.ConnectorDetail,
        errors=READS_CONNECTOR,
    ),
    Operation(
        method="patch",
        path=CONNECTOR,
        name="changeConnector",
        summary="Pause or resume a connector, or change its schedule",
        response=schemas.ConnectorDetail,
        errors=CHANGES_CONNECTOR | READS_BODY | {"not_now"},
        body=Change,
    ),
    Operation(
        method="delete",
        path=CONNECTOR,
        name="deleteConnector",
        summary="Delete a connector; its data stays in the destination",
        response=schemas.Deletion,
        errors=DELETES | {"invalid_request"},
        query=NOW,
    ),
    Operation(
        method="post",
        path=f"{CONNECTOR}/restore",
        name="restoreConnector",
        summary="Restore a deleted connector",
        response=schemas.ConnectorDetail,
        errors=DELETES,
    ),
    Operation(
        method="get",
        path=f"{CONNECTOR}/form",
        name="getForm",
        summary="Get the address of a new Connect Card",
        response=schemas.Form,
        errors=READS_CONNECTOR | WRITES | {"invalid_redirect", "foreign_origin", "too_many"},
        query=REDIRECT,
    ),
    Operation(
        method="post",
        path=f"{CONNECTOR}/sync",
        name="syncConnector",
        summary="Start a sync now",
        response=schemas.ConnectorDetail,
        errors=CHANGES_CONNECTOR | {"not_now"},
    ),
    Operation(
        method="post",
        path=f"{CONNECTOR}/resync",
        name="resyncConnector",
        summary="Sync all historical data again",
        response=schemas.ConnectorDetail,
        errors=CHANGES_CONNECTOR,
    ),
    Operation(
        method="post",
        path=f"{CONNECTOR}/test",
        name="testConnector",
        summary="Run the setup tests",
        response=schemas.SetupTestResults,
        errors=CHANGES_CONNECTOR,
    ),
    Operation(
        method="get",
        path=f"{PREFIX}/audit.csv",
        name="exportAudit",
        summary="Export the audit log, the oldest entry first",
        response=None,
        errors=READS_SETTINGS | {"store_unavailable"},
        tag="Activity",
        csv=AUDIT_EXAMPLE,
    ),
    Operation(
        method="get",
        path=f"{PREFIX}/healthz",
        name="getHealth",
        summary="Check whether this process answers",
        response=schemas.ServerStatus,
        errors=READS_SETTINGS,
        tag="This server",
    ),
    Operation(
        method="get",
        path=f"{PREFIX}/openapi.json",
        name="getDescription",
        summary="Get this document",
        response=None,
        errors=ANY_ROUTE,
        tag="This server",
    ),
)
