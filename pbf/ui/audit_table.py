"""The audit log in words: who did what, to which connector, and with what outcome."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from pbf.connectors.audit import BEGUN, DONE, NOTHING_TO_DO
from pbf.fivetran.models import Connector
from pbf.paths import PREFIX, from_page
from pbf.rules.actions import LABELS
from pbf.rules.health import Tone
from pbf.rules.wording import spaced
from pbf.ui.lists import search

if TYPE_CHECKING:
    from pbf.store.audit.entries import Entry

WHO = {
    "page": "Dashboard",
    "route": "API",
    "link": "Colleague with a link",
    "command": "Command line",
    "housekeeping": "Automatic",
    "background": "Automatic",
}
# What earlier versions called the background work, and what it is called now.
AUTOMATIC = ("housekeeping", "background")
# People and tokens whose name is not known.
NAMELESS = {"person": "A person", "token": "API token"}
WHAT: dict[str, str] = {str(action): label for action, label in LABELS.items()} | {
    "create": "Create",
    "card": "Open the Connect Card",
    "return": "Come back from the Connect Card",
    "create_token": "Make an API token",
    "revoke_token": "Revoke an API token",
    "invite": "Make a link for a colleague",
    "revoke": "Revoke a link for a colleague",
    "reload_schemas": "Reload tables",
    "choose_tables": "Choose tables",
    "plan": "Plan maintenance",
    "cancel": "Cancel planned maintenance",
    "run a job": "Run a job now",
    "restore": "Undo a deletion",
    "delete for good": "Delete for good",
    "enter": "Enter the tenant",
    "taken back": "Keep a deleted connector that is in use",
    "invite a person": "Invite a person",
    "withdraw an invitation": "Withdraw an invitation",
    "change a role": "Change a role",
    "remove a person": "Remove a person",
    "end a session": "End a session",
    "create an API token": "Create an API token",
    "revoke an API token": "Revoke an API token",
    "set a promise": "Make a promise",
    "remove a promise": "Remove a promise",
    "make a status link": "Make a link to the status page",
    "revoke a status link": "Revoke a link to the status page",
    "add a tenant": "Add the tenant",
    "change a tenant": "Change the tenant",
    "disable a tenant": "Disable the tenant",
    "add a channel": "Add a channel",
    "change a channel": "Change a channel",
    "enable a channel": "Enable a channel",
    "disable a channel": "Disable a channel",
    "remove a channel": "Remove a channel",
    "test a channel": "Test a channel",
    "send a message again": "Send a message again",
}
REFUSED: tuple[str, Tone] = ("Refused by Fivetran", "bad")
OUTCOMES: dict[str, tuple[str, Tone]] = {
    DONE: ("Done", "good"),
    NOTHING_TO_DO: ("Nothing to do", "quiet"),
    BEGUN: ("Begun; its end is not known", "attention"),
    "StoreFailed": ("Database unavailable", "bad"),
    "NotNow": ("Not possible then", "attention"),
    "NotPermitted": ("Not permitted", "attention"),
    "LimitReached": ("Limit reached", "attention"),
    "NotDelivered": ("Not delivered", "bad"),
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
    "FivetranBusy": ("Fivetran answered slowly", "bad"),
    "TooManyRequests": ("Too many requests from this client", "bad"),
}
FAILED: tuple[str, Tone] = ("Failed", "bad")

DOWNLOAD = f'<a class="pbf-button" href="{from_page(PREFIX)}/audit.csv" download>Download CSV</a>'


class Shown(Protocol):
    """What a row shows of an entry as it is."""

    @property
    def at(self) -> str:
        """When it was, in ISO 8601 and UTC."""

    @property
    def connector_id(self) -> str:
        """Which connector it is about."""

    @property
    def name(self) -> str:
        """The permanent name of the connector."""

    @property
    def details(self) -> str:
        """What else is known."""


@dataclass(frozen=True)
class Row:
    """An entry in words, and its connector if that still exists."""

    entry: Shown
    who: str
    what: str
    outcome: tuple[str, Tone]
    connector: Connector | None

    @property
    def text(self) -> str:
        """All that can be searched, in one text."""
        entry, title = self.entry, self.connector.title if self.connector else ""
        texts = (self.who, self.what, entry.details, entry.name, entry.connector_id, title)
        return " ".join((*texts, self.outcome[0]))


def rows(entries: Iterable["Entry"], connectors: Mapping[str, Connector]) -> Iterator[Row]:
    """Yield entries in words; `connectors` are those that exist, by id."""
    for entry in entries:
        connector = connectors.get(entry.connector_id)
        # The name tells reused ids apart.
        exists = connector is not None and connector.schema_name == entry.name
        yield Row(
            entry=entry,
            who=_who(entry),
            what=WHAT.get(entry.what) or spaced(entry.what).capitalize(),
            outcome=OUTCOMES.get(entry.outcome, FAILED),
            connector=connector if exists else None,
        )


def caused_by(entries: "Iterable[Entry]", *, people: bool, system: bool) -> "list[Entry]":
    """Return the entries of what people did, of what was done automatically, or both."""
    return [entry for entry in entries if (system if entry.actor in AUTOMATIC else people)]


def pauses(entries: "Iterable[Entry]") -> list[tuple[str, datetime]]:
    """Return which connectors were paused from here, and when."""
    return [
        (entry.connector_id, datetime.fromisoformat(entry.at))
        for entry in entries
        if entry.what == "pause"
    ]


def _who(entry: "Entry") -> str:
    """Return who acted: a person or a token by name, anything else in words."""
    if not entry.actor_name:
        return WHO.get(entry.actor, NAMELESS.get(entry.actor.partition(":")[0], entry.actor))
    is_token = entry.actor.startswith("token:")
    return f"API token {entry.actor_name}" if is_token else entry.actor_name


def matching(rows: Iterable[Row], typed: str) -> Iterator[Row]:
    """Yield the rows that contain all the typed words."""
    return search.matching(rows, typed, text=lambda row: row.text)
