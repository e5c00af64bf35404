"""Which fields a Connect Card shows, in which order, and their validation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pbf.sandbox.catalogue.labels import choice_label, label
from pbf.sandbox.catalogue.services import Field, Service
from pbf.sandbox.connect_card.dependencies import AUTHENTICATION, TRANSPORT, dependencies
from pbf.sandbox.core.records import MASK

SHOWN_FIRST = 8
SHOWN_FOLDED = 12
ORDER = (
    "sheet_id", "named_range", "host", "hostname", "host_name", "server_url", "base_url", "url",
    "domain", "domain_name", "sub_domain", "subdomain", "shop", "account_name", "instance",
    "tenant", "region", "environment", "port", "database", "bucket", "container_name",
    "prefix", "folder_path", *AUTHENTICATION, "user", "username", "login", "email", "password",
    "api_key", "api_token", "api_secret", "access_token", "personal_access_token", "bearer_token",
    "token", "client_id", "client_secret", "access_key_id", "access_key", "access_key_secret",
    "secret_key", "secret", "role_arn", "connection_string", "private_key", "account_id",
    "organization_id", *TRANSPORT, "tunnel_host", "tunnel_port", "tunnel_user", "public_key",
)  # fmt: skip
ESSENTIAL = frozenset(ORDER) - {
    "named_range", "prefix", "folder_path", "port", "region", "environment", "tunnel_port",
    "public_key", "instance", *AUTHENTICATION, *TRANSPORT,
}  # fmt: skip
IDENTIFYING = frozenset({"sheet_id", "sub_domain", "subdomain", "domain", "shop", "bucket"})
PREFERRED = ("OAuth", "PASSWORD", "Password", "Directly", "DIRECT", "direct", "ACCESS_KEY")
OAUTH = ("oauth", "standard", "authorization_code")
PORTS = {"mysql": 3306, "maria": 3306, "sql_server": 1433, "oracle": 1521, "postgres": 5432}
EXAMPLES = {
    "sheet_id": "The spreadsheet's address, or the part of it after /d/",
    "named_range": "The range to sync, as it is named in the spreadsheet",
    "host": "For example db.example.com",
    "bucket": "The name alone, without s3://",
    "sub_domain": "The part of your address before the first dot",
    "subdomain": "The part of your address before the first dot",
    "prefix": "Only files below this folder are read",
}


@dataclass(frozen=True)
class CardField:
    """One field of the card."""

    name: str
    label: str
    control: str
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    value: str = ""
    stored_secret: bool = False
    required: bool = False
    depends_on: str = ""
    depends_values: tuple[str, ...] = ()


def card_fields(
    service: Service,
    config: Mapping[str, Any],
    *,
    trusted: bool = False,
    all_fields: bool = False,
) -> tuple[list[CardField], list[CardField]]:
    """Return the fields to show at once and those under "More options".

    A trusted config belongs to a connected connection, whose secrets may stay unchanged. Rarely
    used fields are hidden unless `all_fields` is set, which shows all of them at once.
    """
    ranked = sorted(service.fields, key=_rank)
    fields = [_card_field(service, field, config, trusted) for field in ranked]
    head: list[CardField] = []
    more: list[CardField] = []
    count = 0
    for field in fields:
        common = field.name in ORDER or (len(fields) <= SHOWN_FIRST and field.control != "switch")
        count += not field.depends_on and common
        shown = common and (count <= SHOWN_FIRST or field.depends_on)
        (head if shown else more).append(field)
    if not head:
        head, more = more[:SHOWN_FIRST], more[SHOWN_FIRST:]
    return (head + more, []) if all_fields else (head, _without_hidden(service, more))


def _without_hidden(service: Service, more: list[CardField]) -> list[CardField]:
    """Return the further fields without the hidden ones: independent fields far down the list."""
    depends = dependencies(service)
    choosers = {chooser for chooser, _ in depends.values()}
    free = [item for item in more if not item.required and item.name not in {*depends, *choosers}]
    hidden = {item.name for item in free[SHOWN_FOLDED:]}
    return [item for item in more if item.name not in hidden and item.depends_on not in hidden]


def _rank(field: Field) -> tuple[int, str]:
    if field.name in ORDER:
        return ORDER.index(field.name), ""
    order = ("string", "enum", "integer", "number", "array", "boolean", "object")
    kind = order.index(field.type) if field.type in order else len(order)
    return len(ORDER) + (0 if field.secret else 1 + kind), field.name


def _card_field(
    service: Service, field: Field, config: Mapping[str, Any], trusted: bool
) -> CardField:
    depends_on, values = dependencies(service).get(field.name, ("", ()))
    present = config.get(field.name)
    stored_secret = field.secret and present == MASK and trusted
    return CardField(
        name=field.name,
        label=label(field.name),
        control=_control(field),
        hint=_hint(field),
        options=tuple(
            (choice, choice_label(choice, len(field.enum))) for choice in _choices(service, field)
        ),
        value="" if field.secret else _text(present) or _default(service, field),
        stored_secret=stored_secret,
        required=required(service, field),
        depends_on=depends_on,
        depends_values=values,
    )


def _control(field: Field) -> str:
    if field.enum:
        return "select"
    if field.secret:
        return "password"
    return {"boolean": "switch", "integer": "number", "number": "number"}.get(field.type, "text")


def _hint(field: Field) -> str:
    if field.type == "array":
        return "Separate several values with commas."
    if field.type == "object":
        return "A JSON object."
    return EXAMPLES.get(field.name, "")


def _choices(service: Service, field: Field) -> tuple[str, ...]:
    chooser, offered = consent_choice(service)
    favoured = list(offered) if service.auth and field.name == chooser else []
    favoured += [choice for choice in PREFERRED if choice in field.enum and choice not in favoured]
    return (*favoured, *(choice for choice in field.enum if choice and choice not in favoured))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)


def _default(service: Service, field: Field) -> str:
    if field.name == "tunnel_port":
        return "22"
    if field.name == "port" and field.type == "integer":
        return next((str(port) for key, port in PORTS.items() if key in service.id), "")
    if field.enum and (field.name in AUTHENTICATION or field.name in TRANSPORT):
        return _choices(service, field)[0]
    return ""


def required(service: Service, field: Field) -> bool:
    """Return whether a card needs a value in this field if it is shown."""
    if field.type not in ("string", "integer") or field.enum:
        return False
    if service.auth:
        return field.name in IDENTIFYING
    texts = [item for item in service.fields if item.type == "string" and not item.enum]
    first = min(texts, key=_rank, default=None)
    return field.name in ESSENTIAL or field == first


def consent_choice(service: Service) -> tuple[str, tuple[str, ...]]:
    """Return the field that chooses how to sign in, and its choices that need consent."""
    fields = service.by_name
    for name in AUTHENTICATION:
        choices = fields[name].enum if name in fields else ()
        offered = tuple(choice for choice in choices if choice.lower().startswith(OAUTH))
        if offered:
            return name, offered
    return "", ()


def offers_consent(service: Service) -> bool:
    """Return whether a user can give access by signing in at the service."""
    return service.auth or not service.fields


def requires_consent(service: Service, values: Mapping[str, str]) -> bool:
    """Return whether a user must give access by signing in at the service, for these choices."""
    controller, offered = consent_choice(service)
    if not offers_consent(service) or not controller:
        return offers_consent(service)
    return values.get(controller, offered[0]) in offered


def failed_field(service: Service, values: Mapping[str, str]) -> str:
    """Return the field to mark when credentials fail: a secret, else the consent."""
    names = [field.name for field in sorted(service.fields, key=_rank) if field.name in values]
    secrets = [name for name in names if service.by_name[name].secret]
    if secrets and not requires_consent(service, values):
        return next((name for name in secrets if values[name]), secrets[0])
    return "authorise" if requires_consent(service, values) else next(iter(names), "authorise")


def problems(
    service: Service, values: Mapping[str, str], *, config: Mapping[str, Any], trusted: bool
) -> dict[str, str]:
    """Return the error messages for the values of a card, by field."""
    errors = {}
    for field in service.fields:
        controller, allowed = dependencies(service).get(field.name, ("", ()))
        if controller and values.get(controller, "") not in allowed:
            continue
        value = values.get(field.name, "").strip()
        stored_secret = trusted and config.get(field.name) == MASK
        if not value and required(service, field) and not stored_secret:
            errors[field.name] = f"Enter the {_lowered(label(field.name))}."
        elif value and _malformed(field, value):
            errors[field.name] = f"{label(field.name)} must be a whole number."
    return errors


def _lowered(text: str) -> str:
    first = text.partition(" ")[0]
    return (
        text if first.isupper() or first.lower() in ("s3", "oauth") else text[0].lower() + text[1:]
    )


def _malformed(field: Field, value: str) -> bool:
    return field.type == "integer" and not value.lstrip("-").isdecimal()


def stored(service: Service, values: Mapping[str, str]) -> dict[str, Any]:
    """Return the config that a card's values make, with secrets masked."""
    config: dict[str, Any] = {}
    for field in service.fields:
        value = values.get(field.name)
        if value is None or (field.secret and not value):
            continue
        if field.secret:
            config[field.name] = MASK
        elif field.type == "boolean":
            config[field.name] = value == "true"
        elif field.type == "integer" and value.strip():
            config[field.name] = int(value)
        elif field.type == "array":
            config[field.name] = [part.strip() for part in value.split(",") if part.strip()]
        elif field.type == "string" or (value and value in field.enum):
            config[field.name] = value.strip()
    return config
