"""What the OpenAPI document says about a route, written as a decorator of its function."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from flask import Flask
from pydantic import BaseModel

from pbf.api.guard import PUBLIC
from pbf.api.requests import KEY_HEADER, LONGEST_KEY
from pbf.paths import LONGEST_SEARCH
from pbf.rules.health import TONES

ANY_ROUTE = frozenset({"failed", "invalid_host", "unknown_host"})
READS_SETTINGS = ANY_ROUTE | {"not_configured"}
# Routes for one tenant need to know who asks; a proxy's headers beside a session are verified, too.
OF_TENANT = READS_SETTINGS | {
    *("not_signed_in", "invalid_token", "unknown_tenant"),
    *("sign_in_failed", "sign_in_unavailable"),
}
ASKS_FIVETRAN = {
    *("rate_limited", "fivetran_bad_answer", "fivetran_failed", "fivetran_refused"),
    *("fivetran_timeout", "fivetran_unreachable", "fivetran_busy"),
}
READS_FIVETRAN = OF_TENANT | ASKS_FIVETRAN | {"group_not_visible"}
READS_CONNECTOR = READS_FIVETRAN | {"unknown_connector"}
WRITES = {"fivetran_conflict", "fivetran_invalid_request", "fivetran_not_found"}
# Routes that need no body refuse one that is not JSON all the same.
ANY_CHANGE = {"forbidden", "foreign_origin", "not_json", "shutting_down"}
CHANGES_CONNECTOR = READS_CONNECTOR | WRITES | ANY_CHANGE | {"too_many", "fivetran_not_applied"}
DELETES = CHANGES_CONNECTOR | {"in_progress", "store_unavailable"}
CHANGES_INVITATIONS = READS_CONNECTOR | ANY_CHANGE | {"store_unavailable"}
READS_BODY = {"invalid_json", "invalid_request", "too_large", "too_slow"}
CREATES = (
    READS_FIVETRAN
    | WRITES
    | READS_BODY
    | ANY_CHANGE
    | {"too_many", "invalid_name", "name_taken", "key_reused"}
    | {"unknown_service", "not_creatable", "limit_reached", "in_progress", "store_unavailable"}
)
FORMS = READS_CONNECTOR | WRITES | {"forbidden", "invalid_redirect", "foreign_origin", "too_many"}

# Where a view function has its operation.
ATTRIBUTE = "openapi_operation"
# A parameter of a path, with its converter.
PARAMETER = re.compile(r"<(?:[^:>]+:)?(\w+)>")
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Decorates the function of a route with what cannot be read from the route itself.

    `errors` are the error codes that it may return; `csv` is an example of a CSV response; `status`
    is that of a success; `etag` is set for an object with an ETag. Method, path, name, summary and
    whether anybody may use it are filled in by `operations`.
    """

    errors: frozenset[str]
    response: type[BaseModel] | None = None
    tag: str = "One connector"
    many: bool = False
    body: type[BaseModel] | None = None
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    headers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    csv: str = ""
    status: int = 200
    etag: bool = False
    is_public: bool = False
    method: str = ""
    path: str = ""
    name: str = ""
    summary: str = ""

    def __call__(self, view: View) -> View:
        """Attach this to a view function."""
        vars(view)[ATTRIBUTE] = self
        return view

    @property
    def has_etag(self) -> bool:
        """Whether the response has an ETag, so that If-None-Match leads to 304."""
        return self.etag or self.many or not (self.response or self.csv)


def operations(app: Flask) -> Iterator[Operation]:
    """Yield the operations of an app's routes, in the order in which these were registered."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        operation: Operation | None = vars(view).get(ATTRIBUTE)
        if operation is None:
            continue
        verb, *words = view.__name__.split("_")
        (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        yield replace(
            operation,
            is_public=rule.endpoint in PUBLIC,
            method=method.lower(),
            path=PARAMETER.sub(r"{\1}", rule.rule),
            name=verb + "".join(word.title() for word in words),
            summary=(view.__doc__ or "").partition("\n")[0].rstrip("."),
        )


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
at,actor,actor_name,what,details,connector_id,name,outcome,group_id,stored_at
2026-11-23T10:04:12.358+00:00,page,,reschedule,hourly,bubbly_lamp,sales.sales,done,sandy_harbour,
"""
