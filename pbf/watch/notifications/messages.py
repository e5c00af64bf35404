"""What a notification says: plain text for people, and JSON for programs."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypedDict
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from pbf.rules.time_zones import moment
from pbf.rules.watch.kinds import IncidentEntry
from pbf.rules.wording import left
from pbf.store.watch.tables import Notification
from pbf.visible_text import shown

Kind = Literal["opened", "escalated", "closed", "test"]

LONGEST_TITLE = 120


class Data(TypedDict):
    """What a message is about; times are in ISO 8601, an empty text for none."""

    incident_id: str
    kind: str
    title: str
    connector_id: str
    connector_name: str
    opened_at: str
    closed_at: str
    next_step: str


@dataclass(frozen=True)
class Message:
    """A message to one channel; `body` is JSON for programs.

    `links` are the lines of the text that are addresses of the dashboard.
    """

    id: str
    at: datetime
    title: str
    text: str
    body: str
    links: tuple[str, ...] = ()


def data_of(incident: IncidentEntry) -> Data:
    """Return what a message says of an incident."""
    return Data(
        incident_id=incident.id,
        kind=incident.kind,
        title=shown(incident.title),
        connector_id=incident.connector_id,
        connector_name=shown(incident.connector_name),
        opened_at=incident.opened_at.astimezone(UTC).isoformat(timespec="seconds"),
        closed_at=incident.closed_at.astimezone(UTC).isoformat(timespec="seconds")
        if incident.closed_at
        else "",
        next_step=incident.next_step,
    )


def title_of(kind: Kind, data: Data, hours: float | None = None) -> str:
    """Return the subject of a message; `hours` are those after which an incident escalates."""
    name = data["connector_name"]
    about = data["title"] if not name or name in data["title"] else f"{name}: {data['title']}"
    start = {"closed": "Over: ", "escalated": f"Open for {hours or 0:g} h: "}.get(kind, "")
    line = start + about
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1]}…"


def message_of(row: Notification, zone: ZoneInfo, base_url: str | None) -> Message:
    """Return the message of a row; links lead to the dashboard at a base URL, if that is known."""
    data: Data = json.loads(row.body)
    url = _link(data, base_url) if row.kind != "test" else base_url or ""
    at = moment(row.created_at)
    content = {"type": f"incident.{row.kind}" if row.kind != "test" else "test"}
    content["timestamp"] = at.isoformat(timespec="seconds")
    body = json.dumps({**content, "data": {**data, "url": url}}, ensure_ascii=False)
    text = TEST_TEXT if row.kind == "test" else _text(row.kind, data, zone, url)
    return Message(row.id, at, row.title, text, body, (url,) if url else ())


TEST_TITLE = "Test of your notifications"
TEST_TEXT = "This channel works. You get a message here when a connector has a problem."


def summary_of(messages: list[Message]) -> Message:
    """Return one message for several, with the id of the first."""
    first = messages[0]
    number = len(messages)
    text = "\n\n".join(f"{message.title}\n{message.text}" for message in messages)
    body = f'{{"type": "digest", "messages": [{", ".join(one.body for one in messages)}]}}'
    title = f"{number} messages about your connectors"
    links = tuple(link for message in messages for link in message.links)
    return Message(first.id, first.at, title, text, body, links)


def _text(kind: str, data: Data, zone: ZoneInfo, url: str) -> str:
    lines = [data["title"]]
    if data["connector_name"]:
        lines.append(f"Connector: {data['connector_name']}")
    opened = datetime.fromisoformat(data["opened_at"])
    lines.append(f"Since: {_time(opened, zone)}")
    if kind == "closed":
        closed = datetime.fromisoformat(data["closed_at"]) if data["closed_at"] else None
        if closed:
            lasted = left((closed - opened).total_seconds())
            lines.append(f"Until: {_time(closed, zone)} ({lasted})")
        lines.append("It is over; there is nothing to do.")
    elif data["next_step"]:
        lines.append(f"Next step: {data['next_step']}")
    return "\n".join([*lines, url] if url else lines)


def _time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %-d %b %Y, %H:%M %Z}"


def _link(data: Data, base_url: str | None) -> str:
    if base_url is None:
        return ""
    query = urlencode({"id": data["connector_id"]})
    return f"{base_url}/connector?{query}" if data["connector_id"] else base_url
