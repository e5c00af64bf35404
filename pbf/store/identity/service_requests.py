"""Requests for services that policy hides or the catalogue lacks, and the operators' answers."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from pbf.store.database import Database
from pbf.store.identity.tables import WANTED, ServiceRequest
from pbf.visible_text import storable


@dataclass(frozen=True)
class Demand:
    """How much a service is asked for; `newest` is the time of the last request.

    `service` is empty if the catalogue has none, and then `wanted` is one of the typed texts.
    `people` is their number, `waiting` how many of them have no answer yet.
    """

    topic: str
    service: str
    wanted: str
    people: int
    waiting: int
    newest: float


class ServiceRequests:
    """The requests of all tenants."""

    def __init__(self, database: Database) -> None:
        """Keep the requests in a database."""
        self._database = database

    def add(
        self, tenant_id: str, person_id: str, *, service: str, wanted: str, asker: str, now: float
    ) -> ServiceRequest:
        """Store a request, and return it; who asks for the same again gets the first one back."""
        wanted = storable(wanted, WANTED.length)
        request = ServiceRequest(
            tenant_id=tenant_id,
            service=service,
            wanted=wanted,
            topic=topic_of(service, wanted),
            person_id=person_id,
            asker=asker,
            created_at=now,
        )
        try:
            with self._database.session() as session:
                session.add(request)
        except IntegrityError:
            query = select(ServiceRequest).filter_by(
                tenant_id=tenant_id, person_id=person_id, topic=request.topic
            )
            with self._database.session() as session:
                return session.scalars(query).one()
        return request

    def demand(self) -> list[Demand]:
        """Return what is asked for in all tenants: what most people wait for first."""
        row = ServiceRequest
        people, newest = func.count(), func.max(row.created_at)
        waiting = people - func.count(row.answered_at)
        query = (
            select(row.topic, func.max(row.service), func.max(row.wanted), people, waiting, newest)
            .group_by(row.topic)
            .order_by(waiting.desc(), newest.desc(), row.topic)
        )
        with self._database.reading() as session:
            return [Demand(*result) for result in session.execute(query)]

    def listed(self, topic: str) -> list[ServiceRequest]:
        """Return the requests on a topic, the newest first."""
        query = select(ServiceRequest).where(ServiceRequest.topic == topic)
        query = query.order_by(ServiceRequest.created_at.desc(), ServiceRequest.id.desc())
        with self._database.reading() as session:
            return list(session.scalars(query))

    def of_person(self, tenant_id: str, person_id: str) -> list[ServiceRequest]:
        """Return the requests of a person, the oldest first."""
        query = select(ServiceRequest).filter_by(tenant_id=tenant_id, person_id=person_id)
        with self._database.reading() as session:
            return list(session.scalars(query.order_by(ServiceRequest.id)))

    def answer(self, topic: str, text: str, *, answered_by: str, now: float) -> int:
        """Answer all requests on a topic that wait, and return how many those are."""
        statement = (
            update(ServiceRequest)
            .where(ServiceRequest.topic == topic, ServiceRequest.answered_at.is_(None))
            .values(answer=text, answered_by=answered_by, answered_at=now)
            .returning(ServiceRequest.id)
        )
        with self._database.session() as session:
            return len(session.scalars(statement).all())

    def unseen_answers(self, tenant_id: str, person_id: str) -> list[ServiceRequest]:
        """Return the answered requests of a person whose answers they have not seen."""
        query = (
            select(ServiceRequest)
            .filter_by(tenant_id=tenant_id, person_id=person_id, seen_at=None)
            .where(ServiceRequest.answered_at.is_not(None))
            .order_by(ServiceRequest.answered_at, ServiceRequest.id)
        )
        with self._database.reading() as session:
            return list(session.scalars(query))

    def mark_seen(self, tenant_id: str, person_id: str, ids: Collection[int], now: float) -> None:
        """Store that a person has seen the answers to some of their requests."""
        statement = (
            update(ServiceRequest)
            .filter_by(tenant_id=tenant_id, person_id=person_id, seen_at=None)
            .where(ServiceRequest.id.in_(ids), ServiceRequest.answered_at.is_not(None))
            .values(seen_at=now)
        )
        with self._database.session() as session:
            session.execute(statement)


def topic_of(service: str, wanted: str) -> str:
    """Return what requests for the same thing share, a hash.

    It is that of the service, or without one of the typed text without regard to case and spaces.
    """
    text = f"service:{service}" if service else "text:" + " ".join(wanted.casefold().split())
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
