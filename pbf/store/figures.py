"""What waits in the store, counted over all tenants for the metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from pbf.store.tables import Base, Creation, Deletion, Job
from pbf.store.timeline.tables import EventCount, ReceivedEvent
from pbf.store.watch.notifications import WAITING
from pbf.store.watch.tables import Incident, Notification


@dataclass(frozen=True)
class JobFigures:
    """One job: when it succeeded last (seconds since 1970), and how often it failed since."""

    succeeded_at: float | None
    failures: int


@dataclass(frozen=True)
class Figures:
    """What the store has at a time, in seconds since 1970, of all processes and tenants.

    `uncertain_creations` are those that were sent and whose outcome is not known. Webhooks and
    incidents are by kind.
    """

    read_at: float
    uncertain_creations: int
    waiting_deletions: int
    overdue_deletions: int
    waiting_webhooks: int
    waiting_notifications: int
    webhooks: Mapping[str, int]
    incidents: Mapping[str, int]
    jobs: Mapping[str, JobFigures]


def read_figures(session: Session, now: float) -> Figures:
    """Return the figures of a store at a time."""

    def count(table: type[Base], *conditions: ColumnElement[bool]) -> int:
        return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0

    is_open = (Incident.open_key.is_not(None), Incident.opened_at <= now)
    by_kind = select(Incident.kind, func.count()).where(*is_open).group_by(Incident.kind)
    unsent = (Notification.sent_at.is_(None), Notification.due_at <= now)
    return Figures(
        read_at=now,
        uncertain_creations=count(
            Creation, Creation.connector_id.is_(None), Creation.sent_at.is_not(None)
        ),
        waiting_deletions=count(Deletion),
        overdue_deletions=count(Deletion, Deletion.due_at <= now),
        waiting_webhooks=count(ReceivedEvent, ReceivedEvent.done_at.is_(None)),
        waiting_notifications=count(Notification, *unsent, Notification.status == WAITING),
        webhooks={row.kind: row.count for row in session.scalars(select(EventCount))},
        incidents={row[0]: row[1] for row in session.execute(by_kind)},
        jobs={
            row.name: JobFigures(row.succeeded_at, row.failures)
            for row in session.scalars(select(Job).where(Job.group_id == ""))
        },
    )
