"""The tables of promises, incidents and notifications. All times are in seconds since 1970."""

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pbf.store.column_types import LongText, ShortText
from pbf.store.tables import Base, Leased

KEY = ShortText(64)
SHORT = ShortText(40)


class Promise(Base, kw_only=True):
    """How fresh data is to be: by a time of day, or never older than some hours.

    `scope` is "tenant", "service" or "connector", `target` the id that it names ("" for the
    tenant). `kind` is "by" (`time` "08:00", `days` such as "mon,tue", `time_zone` an IANA name) or
    "within" (`hours`).
    """

    __tablename__ = "promises"
    __table_args__ = (UniqueConstraint("group_id", "scope", "target", name="one_promise_each"),)

    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    group_id: Mapped[str]
    scope: Mapped[str] = mapped_column(SHORT)
    target: Mapped[str]
    kind: Mapped[str] = mapped_column(SHORT)
    hours: Mapped[float | None] = mapped_column(default=None)
    time: Mapped[str] = mapped_column(ShortText(5), default="")
    days: Mapped[str] = mapped_column(SHORT, default="")
    time_zone: Mapped[str] = mapped_column(SHORT, default="")
    created_by: Mapped[str]
    created_at: Mapped[float]


class Incident(Base, kw_only=True):
    """Something that is wrong with a connector, or with "" as its id, with all of a tenant.

    `kind` is a word of rules.watch.kinds. `open_key` is set while it is open, so that there is one
    at a time for each connector. With `opened_at` ahead, it opens then unless it ends before.
    `explained_by` is the incident of many connectors that it belongs to. `notified_of` is the last
    event of which people were notified: "", "opened" or "closed".
    """

    __tablename__ = "incidents"
    __table_args__ = (
        Index("incidents_of_group", "group_id", "opened_at"),
        Index("incidents_of_connector", "group_id", "connector_id", "opened_at"),
        Index("incidents_to_tell", "told", "opened_at"),
    )

    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    group_id: Mapped[str]
    connector_id: Mapped[str]
    schema_name: Mapped[str] = mapped_column(default="")
    connector_name: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(SHORT)
    title: Mapped[str] = mapped_column(ShortText(500))
    opened_at: Mapped[float]
    closed_at: Mapped[float | None] = mapped_column(default=None)
    open_key: Mapped[str | None] = mapped_column(ShortText(500), unique=True, default=None)
    explained_by: Mapped[str] = mapped_column(KEY, default="")
    notified_of: Mapped[str] = mapped_column("told", SHORT, default="")


class IncidentEvent(Base, kw_only=True):
    """One event of an incident's thread; they never change."""

    __tablename__ = "incident_events"
    __table_args__ = (Index("events_of_incident", "incident_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True, init=False)
    incident_id: Mapped[str] = mapped_column(KEY)
    at: Mapped[float]
    kind: Mapped[str] = mapped_column(SHORT)
    text: Mapped[str] = mapped_column(LongText, default="")
    actor: Mapped[str] = mapped_column(default="")


class StatusLink(Base, kw_only=True):
    """A link to a tenant's status page; `digest` is the SHA-256 of its secret part."""

    __tablename__ = "status_links"
    __table_args__ = (Index("status_links_of_group", "group_id"),)

    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    digest: Mapped[str] = mapped_column(KEY, unique=True, repr=False)
    group_id: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[float]
    revoked_at: Mapped[float | None] = mapped_column(default=None)


class Channel(Base, kw_only=True):
    """Where notifications go.

    `kind` is "mail" (an e-mail address), "message" (an address of Apprise's) or "webhook" (a
    signed webhook). `person_id` is "" for a channel of the whole tenant. `address` and `secret` are
    secrets. `events` are kinds of incidents, separated by commas ("" for all); `scope` and `target`
    as in a promise. `digest` is "now", "hourly" or "daily". Quiet hours are times of day in
    `time_zone`.
    `escalates_after` is in hours: only incidents that have been open for so long are sent.
    """

    __tablename__ = "channels"
    __table_args__ = (Index("channels_of_group", "group_id"),)

    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    group_id: Mapped[str]
    person_id: Mapped[str] = mapped_column(KEY, default="")
    kind: Mapped[str] = mapped_column(SHORT)
    name: Mapped[str]
    address: Mapped[str] = mapped_column(LongText, repr=False)
    secret: Mapped[str] = mapped_column(default="", repr=False)
    events: Mapped[str] = mapped_column(default="")
    scope: Mapped[str] = mapped_column(SHORT, default="tenant")
    target: Mapped[str] = mapped_column(default="")
    digest: Mapped[str] = mapped_column(SHORT, default="now")
    quiet_from: Mapped[str] = mapped_column(ShortText(5), default="")
    quiet_until: Mapped[str] = mapped_column(ShortText(5), default="")
    time_zone: Mapped[str] = mapped_column(SHORT, default="UTC")
    escalates_after: Mapped[float | None] = mapped_column(default=None)
    created_by: Mapped[str]
    created_at: Mapped[float]
    disabled_at: Mapped[float | None] = mapped_column(default=None)
    problem: Mapped[str] = mapped_column(LongText, default="")
    problem_since: Mapped[float | None] = mapped_column(default=None)


class Notification(Leased, Base, kw_only=True):
    """A message that is to be sent to one channel, once.

    `subject_id` is the incident, or the id itself of a test; `kind` is "opened", "escalated",
    "closed" or "test". `body` is what the message says, in JSON. `status` is empty while it waits,
    then "sent", "dropped" (the incident was over before it was sent) or "failed".
    """

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("channel_id", "subject_id", "kind", name="one_notification_each"),
        Index("notifications_due", "sent_at", "due_at"),
        Index("notifications_of_channel", "channel_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    channel_id: Mapped[str] = mapped_column(KEY)
    subject_id: Mapped[str] = mapped_column(KEY)
    kind: Mapped[str] = mapped_column(SHORT)
    title: Mapped[str] = mapped_column(ShortText(500))
    body: Mapped[str] = mapped_column(LongText)
    created_at: Mapped[float]
    due_at: Mapped[float]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[float | None] = mapped_column(default=None)
    status: Mapped[str] = mapped_column(SHORT, default="")
    error: Mapped[str] = mapped_column(LongText, default="")
