"""Where the published definition contradicts the live API, how it is relaxed, and why.

"Facts" are the team's notes on the API, by section.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

FREQUENCIES = [1, 5, 15, 30, 60, 120, 180, 360, 480, 720, 1440]
NULLABLE = {"type": ["string", "null"]}
ENABLED = "required; the official Go client omits it from a change that does not affect it"


class Relaxation(NamedTuple):
    """A place in the definition's schemas, the change to it, and the reason.

    `at` is a schema and, after a slash, a property of it; `*` is every schema. None removes a key.
    """

    at: str
    change: dict[str, Any]
    reason: str


TABLE_OPTIONAL = {
    "properties": {
        "config": {
            "type": "object",
            "required": ["schema"],
            "properties": {"schema": {"type": "string"}, "table": {"type": "string"}},
        }
    }
}


def _without_table(service: str) -> Relaxation:
    parts = ("NewConnectorRequestV1", f"{service}_config_V1", f"{service}_auth_V1")
    references = [{"$ref": f"#/components/schemas/{name}"} for name in parts]
    return Relaxation(
        f"{service}_NewConnectorRequestV1",
        {"allOf": [*references, TABLE_OPTIONAL]},
        "requires `table`; the live API does not",
    )


RELAXATIONS = (
    _without_table("double_click_campaign_manager"),
    _without_table("google_display_and_video_360"),
    Relaxation(
        "UserResponse",
        {"additionalProperties": True},
        "lacks `user_type` and `has_api_key`, which Fivetran's command line reads",
    ),
    Relaxation(
        "SecretsManagerResponse/config",
        {"additionalProperties": None},
        "says that every value is an object; those of its own example are strings",
    ),
    Relaxation(
        "PrivateLinkResponse/region", {"enum": None}, "lacks regions that a request may name"
    ),
    Relaxation(
        "ConnectorSdkPackageResponse/connection_id",
        NULLABLE,
        "null until a connection runs the package",
    ),
    Relaxation(
        "MetadataResponse",
        {"additionalProperties": True},
        "lacks `supports_schema_reload`, which the Terraform provider reads",
    ),
    Relaxation("*/succeeded_at", NULLABLE, "null until a sync has succeeded (facts 10.3)"),
    Relaxation("*/failed_at", NULLABLE, "null until a sync has failed (facts 10.3)"),
    Relaxation("UserResponse/logged_in_at", NULLABLE, "null until an invited user has signed in"),
    Relaxation("UserResponse/picture", NULLABLE, "null if there is none"),
    Relaxation("UserResponse/phone", NULLABLE, "null if there is none"),
    Relaxation("UserResponse/role", NULLABLE, "null for a user without a role in the account"),
    Relaxation(
        "*/sync_frequency",
        {"enum": FREQUENCIES},
        "an integer with an enum of strings, which no integer matches (facts 10.11)",
    ),
    Relaxation(
        "ConnectorResponse/config",
        {"additionalProperties": None},
        "says that every value is an object; most are strings (facts 10.11)",
    ),
    Relaxation(
        "*/service_status_updated_at",
        {"format": "date"},
        "a date-time; the live API sends a plain date (facts 2.1, 10.11)",
    ),
    Relaxation(
        "UpdateDestinationRequest",
        {"required": None},
        "requires the time zone in every change",
    ),
    Relaxation("SchemaUpdateRequest", {"required": None}, ENABLED),
    Relaxation("TableUpdateRequest", {"required": None}, ENABLED),
    Relaxation("ColumnUpdateRequest", {"required": None}, ENABLED),
    Relaxation(
        "*/setup_status",
        {"enum": ["incomplete", "connected", "broken"]},
        "in upper case; examples and live answers are in lower case (facts 2.2, 10.11)",
    ),
)


class Rule(NamedTuple):
    """A repeated mistake in the definition: how to correct a node, and the reason."""

    correct: Callable[[dict[str, Any]], None]
    reason: str


def _string_enum(node: dict[str, Any]) -> None:
    if node.get("type") == "object" and isinstance(node.get("enum"), list):
        node["type"] = "string"


def _map(node: dict[str, Any]) -> None:
    properties = node.get("properties")
    if isinstance(properties, dict) and len(properties) == 1 and node.get("type") == "object":
        ((name, value),) = properties.items()
        if name in ("schema", "table", "column") and value.get("type") != "string":
            del node["properties"]
            node["additionalProperties"] = value


def _enum_of_items(node: dict[str, Any]) -> None:
    if node.get("type") == "array" and isinstance(node.get("enum"), list):
        node["items"] = {**node["items"], "enum": node.pop("enum")}


RULES = (
    Rule(_string_enum, "settings with a choice are objects with an enum of strings (facts 3.3)"),
    Rule(_map, "maps by schema, table or column are declared as objects with one sample key"),
    Rule(_enum_of_items, "an array's enum lists the values of its items, not of the array"),
)

NULL_IS_ABSENT = "a null counts as absent; no source says what the live API does"

NUMBERS_AS_TEXT = "a destination's numbers, such as its port; the official Go client reads text"

UNDECLARED = {
    400: "an invalid body or query",
    401: "a missing or wrong key",
    403: "an operation that is never allowed",
    404: "an id that does not exist",
    406: "an Accept header without JSON",
    409: "a request that conflicts with the present state",
    415: "a body without a JSON content type",
}
"""Statuses that most operations do not declare but Fivetran documents (facts 1.4)."""

ANNOUNCED = {
    (
        "GET",
        "/v1/connections/{connectionId}/errors",
    ): "in the changelog, not yet in the definition (facts 2.6)",
    (
        "GET",
        "/v1/connections/{connectionId}/sync-history",
    ): "used by Fivetran's tools, not in the definition (facts 2.6)",
    (
        "POST",
        "/v1/fingerprints",
    ): "older; the definition still has its counterpart for certificates",
}
"""Operations that the API has and the definition does not."""

AS_LIST = {
    (
        "GET",
        "/public/connector-types",
    ): "declares one service; the live API returns a list (facts 2.1)",
}
"""Operations that return a list where the definition declares one item."""


ONE = "/v1/{}/{{{}Id}}/{}"
OWNERS = ("connection", "destination")
AS_CREATED = {
    (
        "POST",
        ONE.format(f"{owner}s", owner, "certificates"),
    ): "declares 200; Fivetran's Go client accepts 201 alone"
    for owner in OWNERS
}
"""Operations that answer 201 with what the definition declares for 200."""

WITHOUT_ENVELOPE = {
    **{
        (
            "POST",
            ONE.format(f"{owner}s", owner, "fingerprints"),
        ): "declares the item without the envelope that Fivetran's Go client reads"
        for owner in OWNERS
    },
    (
        "GET",
        "/v1/proxy/{agentId}",
    ): "declares the item without the envelope that its own example has",
}
"""Operations whose declared response is the data alone."""

AS_FILE = {
    (
        "GET",
        "/v1/connector-sdk/packages/{package_id}/download",
    ): "declares an object; its description says that the response is the file",
}
"""Operations that answer with a file."""


def numbers_or_text(config: dict[str, Any]) -> None:
    """Allow text for a destination's numbers; see NUMBERS_AS_TEXT."""
    for node in config["properties"].values():
        if node.get("type") == "integer":
            node["type"] = ["integer", "string"]


def relax(schemas: dict[str, Any]) -> None:
    """Relax the definition's schemas in place."""
    for relaxation in RELAXATIONS:
        for place in places(schemas, relaxation.at):
            for key, value in relaxation.change.items():
                place[key] = value
                if value is None:
                    del place[key]
    correct(schemas)


def places(schemas: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:
    """Yield every place that a relaxation names."""
    schema, _, field = at.partition("/")
    for name in schemas if schema == "*" else [schema]:
        node = schemas[name]
        node = node.get("properties", {}).get(field) if field else node
        if node is not None:
            yield node


def correct(node: Any) -> None:
    """Apply the rules to a node and everything below it."""
    if isinstance(node, dict):
        for rule in RULES:
            rule.correct(node)
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        correct(child)
