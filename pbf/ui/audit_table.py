"""The audit log in words: who did what, to which connector, and with what outcome."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pbf.connectors.audit import DONE, NOTHING_TO_DO
from pbf.fivetran.models import Connector
from pbf.paths import PREFIX
from pbf.rules.actions import LABELS
from pbf.rules.health import Tone
from pbf.rules.wording import spaced
from pbf.ui import html
from pbf.ui.html import Html, escape
from pbf.ui.overview import address

if TYPE_CHECKING:
    from pbf.store.audit import Entry

WHO = {
    "page": "Dashboard",
    "route": "API",
    "link": "Colleague with a link",
    "command": "Command line",
    "housekeeping": "Automatic",
}
WHAT: dict[str, str] = {str(action): label for action, label in LABELS.items()} | {
    "create": "Create",
    "card": "Open the Connect Card",
    "return": "Come back from the Connect Card",
    "invite": "Make a link for a colleague",
    "reload_schemas": "Reload tables",
    "choose_tables": "Choose tables",
    "restore": "Undo a deletion",
    "delete for good": "Delete for good",
    "taken back": "Keep a deleted connector that is in use",
}
REFUSED: tuple[str, Tone] = ("Refused by Fivetran", "bad")
OUTCOMES: dict[str, tuple[str, Tone]] = {
    DONE: ("Done", "good"),
    NOTHING_TO_DO: ("Nothing to do", "quiet"),
    "NotNow": ("Not possible then", "attention"),
    "LimitReached": ("Limit reached", "attention"),
    "UnknownConnector": ("No such connector", "attention"),
    "NameTaken": ("Name was taken", "attention"),
    "NotCreatable": ("Only in Fivetran's dashboard", "attention"),
    "KeyReused": ("Key was used before", "attention"),
    "ConnectionFailed": ("Fivetran unreachable", "bad"),
    "TimedOut": ("Timed out", "bad"),
    "BadAnswer": ("Unreadable response", "bad"),
    "NotApplied": ("Not changed by Fivetran", "bad"),
    "ServerFailed": ("Fivetran failed", "bad"),
    "InvalidRequest": REFUSED,
    "Conflict": REFUSED,
    "Forbidden": REFUSED,
    "ApiRejected": REFUSED,
    "Unauthorized": ("API key refused", "bad"),
    "NotFound": ("Not found at Fivetran", "bad"),
    "GroupNotVisible": ("Group not visible", "bad"),
    "RateLimited": ("Too many requests", "bad"),
    "TooManyRequests": ("Too many requests from this client", "bad"),
}
FAILED: tuple[str, Tone] = ("Failed", "bad")

DOWNLOAD = f'<a class="pbf-button" href="{PREFIX}/audit.csv" download>Download CSV</a>'


def matching(
    entries: Iterable["Entry"], typed: str, connectors: Mapping[str, Connector]
) -> Iterator["Entry"]:
    """Yield the entries that contain all the typed words."""
    words = typed.casefold().split()
    for entry in entries:
        connector = _connector(entry, connectors)
        texts = (
            *(_who(entry), _what(entry), entry.details, entry.name, entry.connector_id),
            *(_outcome(entry)[0], connector.title if connector else ""),
        )
        text = " ".join(texts).casefold()
        if all(word in text for word in words):
            yield entry


def full_table(entries: Iterable["Entry"], connectors: Mapping[str, Connector]) -> str:
    """Return a table of entries, with links to the connectors that still exist."""
    rows = (
        (
            Html(html.when(entry.at)),
            Html(f"<strong>{escape(_what(entry))}</strong>{html.small(entry.details)}"),
            Html(_link(entry, connectors)),
            _who(entry),
            Html(html.badge(*_outcome(entry))),
        )
        for entry in entries
    )
    return html.table(("When", "What", "Connector", "Who", "Outcome"), rows, kind="pbf-activity")


def short_table(entries: Iterable["Entry"]) -> str:
    """Return a table of entries about one connector."""
    rows = (
        (
            Html(html.when(entry.at)),
            Html(f"{escape(_what(entry))}{html.small(entry.details)}{html.small(_who(entry))}"),
            Html(html.badge(*_outcome(entry))),
        )
        for entry in entries
    )
    return html.table(("When", "What", "Outcome"), rows)


def _connector(entry: "Entry", connectors: Mapping[str, Connector]) -> Connector | None:
    """Return the connector of an entry if it exists; the name tells reused ids apart."""
    connector = connectors.get(entry.connector_id)
    return connector if connector and connector.schema_name == entry.name else None


def _link(entry: "Entry", connectors: Mapping[str, Connector]) -> str:
    """Return HTML that links to the connector of an entry, or only names it."""
    connector = _connector(entry, connectors)
    if connector is None:
        return escape(entry.name) or (
            f"<code>{escape(entry.connector_id)}</code>" if entry.connector_id else ""
        )
    url = escape(address("connector", {"id": connector.id}))
    schema = html.small(entry.name) if entry.name != connector.title else ""
    return f'<a href="{url}">{escape(connector.title)}</a>{schema}'


def _who(entry: "Entry") -> str:
    return WHO.get(entry.actor, entry.actor)


def _what(entry: "Entry") -> str:
    return WHAT.get(entry.what) or spaced(entry.what).capitalize()


def _outcome(entry: "Entry") -> tuple[str, Tone]:
    return OUTCOMES.get(entry.outcome, FAILED)
