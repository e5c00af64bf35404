"""The audit log in words: who did what, to which connector, and what came of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pbf.connectors.audit import DONE, NOTHING
from pbf.fivetran.models import Connector
from pbf.paths import PREFIX
from pbf.rules.actions import LABELS
from pbf.rules.health import Tone
from pbf.rules.wording import spaced
from pbf.ui import page
from pbf.ui.html import escape
from pbf.ui.overview import address
from pbf.ui.page import Html

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
    NOTHING: ("Nothing to do", "quiet"),
    "NotNow": ("Not possible then", "attention"),
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
    entries: Iterable["Entry"], typed: str, known: Mapping[str, Connector]
) -> Iterator["Entry"]:
    """Yield the entries in whose words all the typed ones are found."""
    wanted = typed.casefold().split()
    for entry in entries:
        connector = _connector(entry, known)
        told = (
            *(_who(entry), _what(entry), entry.details, entry.name, entry.connector_id),
            *(_outcome(entry)[0], connector.title if connector else ""),
        )
        text = " ".join(told).casefold()
        if all(word in text for word in wanted):
            yield entry


def table(entries: Iterable["Entry"], known: Mapping[str, Connector]) -> str:
    """Return a table of entries, with links to the connectors that are still there."""
    rows = (
        (
            Html(page.when(entry.at)),
            Html(f"<strong>{escape(_what(entry))}</strong>{_quiet(entry.details)}"),
            Html(_whose(entry, known)),
            _who(entry),
            Html(page.badge(*_outcome(entry))),
        )
        for entry in entries
    )
    return page.grid(("When", "What", "Connector", "Who", "Outcome"), rows, kind="pbf-activity")


def few(entries: Iterable["Entry"]) -> str:
    """Return a table of entries about one connector."""
    rows = (
        (
            Html(page.when(entry.at)),
            Html(f"{escape(_what(entry))}{_quiet(entry.details)}{_quiet(_who(entry))}"),
            Html(page.badge(*_outcome(entry))),
        )
        for entry in entries
    )
    return page.grid(("When", "What", "Outcome"), rows)


def _connector(entry: "Entry", known: Mapping[str, Connector]) -> Connector | None:
    """Return the connector of an entry if it is there; the name tells reused ids apart."""
    found = known.get(entry.connector_id)
    return found if found and found.schema_name == entry.name else None


def _whose(entry: "Entry", known: Mapping[str, Connector]) -> str:
    connector = _connector(entry, known)
    if connector is None:
        return escape(entry.name) or (
            f"<code>{escape(entry.connector_id)}</code>" if entry.connector_id else ""
        )
    way = escape(address("connector", {"id": connector.id}))
    schema = _quiet(entry.name) if entry.name != connector.title else ""
    return f'<a href="{way}">{escape(connector.title)}</a>{schema}'


def _who(entry: "Entry") -> str:
    return WHO.get(entry.who, entry.who)


def _what(entry: "Entry") -> str:
    return WHAT.get(entry.what) or spaced(entry.what).capitalize()


def _outcome(entry: "Entry") -> tuple[str, Tone]:
    return OUTCOMES.get(entry.outcome, FAILED)


def _quiet(text: str) -> str:
    return f'<span class="pbf-quiet">{escape(text)}</span>' if text else ""
