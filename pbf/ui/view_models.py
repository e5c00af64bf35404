"""View models: a connector as a row of the table, a service as a card of the gallery."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import TypedDict

from pbf.fivetran.models import Connector, Service
from pbf.rules.health import (
    ACTIONS,
    ON_THE_CARD,
    TONES,
    Health,
    Tone,
    Word,
    changed_at,
    health,
    since,
)
from pbf.rules.parsed_schedule import by_time, expected, in_words
from pbf.rules.schedule import next_in_words, next_sync
from pbf.rules.statistics import interval
from pbf.rules.wording import CATEGORIES, STAGES, capital, spaced
from pbf.visible_text import shown

# Connectors of such a service cannot be created through the API.
DASHBOARD_ONLY = "In Fivetran only"


class RowAction(TypedDict):
    """An action that a row offers."""

    id: str
    label: str


class Card(TypedDict):
    """A service as the gallery shows it.

    `mark` is a release stage or "", `yours` is the number of the user's connectors of it.
    """

    id: str
    name: str
    category: str
    description: str
    icon: str
    docs: str
    mark: str
    yours: int


class Times(TypedDict):
    """The times of a row, ISO 8601 or None.

    `expected` is when the next success is due if that is not one interval after the last one;
    `next_words` says when the next sync is where `next` is None.
    """

    since: str | None
    last: str | None
    failed: str | None
    expected: str | None
    next: str | None
    next_words: str
    changed: str | None


class Row(Times):
    """A connector as the table shows it; `interval` is in minutes, None if it is not known."""

    id: str
    name: str
    schema: str
    service: str
    service_name: str
    icon: str
    docs: str
    category: str
    status: Word
    tone: Tone
    reason: str
    frequency: str
    interval: float | None
    next_action: RowAction | None
    also: list[RowAction]
    marked: bool
    moving: bool


def card(service: Service, yours: int) -> Card:
    """Return a service as a card, with the number of the user's connectors of it."""
    return {
        "id": service.id,
        "name": service.title,
        "category": category(service),
        "description": shown(service.description),
        "icon": service.icon_url,
        "docs": service.link_to_docs,
        "mark": stage(service),
        "yours": yours,
    }


def row(
    connector: Connector,
    service: Service | None,
    now: datetime,
    *,
    invites: bool = True,
    acts: bool = True,
    note: str = "",
) -> Row:
    """Return a connector as a row; the service is None if the catalogue does not list it.

    `invites` is whether links for colleagues may be made, `acts` whether anything may be done.
    `note` is what everybody has to know besides.
    """
    state = health(connector, now)
    next_action = state.action if acts else None
    also = _also(state, invites) if acts else ()
    return {
        "id": connector.id,
        "name": connector.title,
        "schema": shown(connector.schema_name),
        "service": connector.service,
        "service_name": service.title if service else shown(connector.service),
        "icon": service.icon_url if service else "",
        "docs": service.link_to_docs if service else "",
        "category": category(service) if service else "Other",
        "status": state.word,
        "tone": state.tone,
        "reason": shown(f"{state.reason} {note}"),
        "frequency": shown(in_words(connector)),
        "interval": interval(connector, now),
        "next_action": {"id": next_action, "label": ACTIONS[next_action]} if next_action else None,
        "also": [{"id": action, "label": label} for action, label in also],
        "marked": False,
        "moving": connector.is_syncing,
        **_times(connector, state, now),
    }


def rows_of(
    connectors: Iterable[Connector],
    catalogue: Iterable[Service],
    notes: Mapping[str, str],
    now: datetime,
    *,
    invites: bool,
    acts: bool,
) -> tuple[Row, ...]:
    """Return connectors as rows, the most urgent first; `notes` are by their ids."""
    services = {service.id: service for service in catalogue}
    shown_now = partial(row, now=now, invites=invites, acts=acts)
    rows = [
        shown_now(connector, services.get(connector.service), note=notes.get(connector.id, ""))
        for connector in connectors
    ]
    urgency = {word: rank for rank, word in enumerate(TONES)}
    return tuple(sorted(rows, key=lambda row: (urgency[row["status"]], row["name"].lower())))


def _times(connector: Connector, state: Health, now: datetime) -> Times:
    due = next_sync(connector, now)
    return {
        "since": _iso(since(connector, state)),
        "last": _iso(connector.succeeded_at),
        "failed": _iso(connector.failed_at),
        "expected": _iso(expected(connector)) if by_time(connector) else None,
        "next": _iso(due),
        "next_words": "" if due else capital(next_in_words(connector, now)),
        "changed": _iso(changed_at(connector)),
    }


def category(service: Service) -> str:
    """Return the category of a service in words; an unknown one as Fivetran spells it."""
    return CATEGORIES.get(service.type) or shown(spaced(service.type)) or "Other"


def stage(service: Service) -> str:
    """Return the release stage of a service, such as "Beta"; "" for one that is available."""
    if not service.is_creatable:
        return DASHBOARD_ONLY
    if service.service_status in STAGES:
        return STAGES[service.service_status]
    return shown(spaced(service.service_status).capitalize())


def _also(state: Health, invites: bool) -> tuple[tuple[str, str], ...]:
    """Return what the menu of a row offers beside the next action."""
    link = (("link", "Ask a colleague"),) if invites else ()
    if state.action == "finish":
        return *link, ("discard", "Discard")
    if state.action == "reconnect":
        return link
    return () if state.action in ON_THE_CARD else (("edit", "Edit on the Connect Card"),)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
