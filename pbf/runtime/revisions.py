"""Revisions: short texts that differ once what a page shows has changed.

A page is drawn with the revision of that moment, and its browser asks for it from then on. It is
made of contents, such as the list of connectors and the last entry of the audit log, so all
processes have the same one.
"""

import hashlib
import math
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeVar, cast, get_args

from pbf.cache.entries import CachedList, keep_newest
from pbf.connectors.portal import Portal
from pbf.errors import NotSignedIn, PbfError
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Permission, allows

if TYPE_CHECKING:
    from pbf.runtime import Runtime
    from pbf.store.marks import Marks

# What pages show: a tenant's connectors, its incidents alone, the background work, all tenants.
Subject = Literal["connectors", "incidents", "jobs", "tenants"]
SUBJECTS: frozenset[str] = frozenset(get_args(Subject))
# The revision of somebody without a session, whose page then leads to sign-in.
NOBODY = "nobody"
# In seconds. Tabs ask every three.
LIFETIME = 0.5
# Subjects of tenants that are kept.
MOST = 4096

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Part = tuple[object, ...]


@dataclass
class Slot(Generic[Value]):
    """A value, and when its computing began; the thread that computes it holds the lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    value: Value | None = None
    begun_at: float = -math.inf


class Recent(Generic[Key, Value]):
    """Values by key that are computed anew after half a second, each by one thread at a time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start empty."""
        self._clock = clock
        self._slots: dict[Key, Slot[Value]] = {}

    def get(self, key: Key, compute: Callable[[], Value]) -> Value:
        """Return a value, or the last one while another thread computes it.

        What `compute` raises is not kept.
        """
        slot = self._slots.get(key) or Slot()
        keep_newest(self._slots, key, slot, MOST)
        last = slot.value
        if last is not None and self._clock() - slot.begun_at < LIFETIME:
            return last
        if not slot.lock.acquire(blocking=last is None):
            return cast(Value, last)
        try:
            if slot.value is None or self._clock() - slot.begun_at >= LIFETIME:
                begun_at = self._clock()
                slot.value, slot.begun_at = compute(), begun_at
            return slot.value
        finally:
            slot.lock.release()


class Revisions:
    """The revisions of one process, each computed once a second at most, however many tabs ask."""

    def __init__(self, runtime: "Runtime", *, clock: Callable[[], float] = time.monotonic) -> None:
        """Compute from what a runtime's pages show."""
        self._runtime = runtime
        self._parts: Recent[tuple[Subject, str], Part] = Recent(clock)
        self._marks_of_all: Recent[str, Marks] = Recent(clock)
        # The marks of each group, with those of all groups at that time.
        self._marks_of_groups: dict[str, tuple[Marks, Marks]] = {}
        self._of_subject: Mapping[str, Callable[[str], Part]] = {
            "connectors": self._connectors,
            "incidents": self._incidents,
            "jobs": self._jobs,
            "tenants": self._tenants,
        }

    def of_request(self, cookies: Sequence[str], headers: Mapping[str, str], subject: str) -> str:
        """Return the revision of a subject for the session of one of the cookies.

        Raises ValueError for an unknown subject, InvalidToken or StoreFailed.
        """
        if subject not in SUBJECTS:
            raise ValueError("no such subject")
        try:
            identity = self._runtime.identity.authentication.of_request(cookies, headers)
        except NotSignedIn:
            return NOBODY
        return self.of(identity, cast(Subject, subject))

    def of(self, identity: Identity, subject: Subject) -> str:
        """Return the revision of what somebody sees of a subject.

        It reads the list of connectors, as the page itself does, and makes no other request to
        Fivetran. An error is part of it, so the page shows the error, and later that it is over.
        """
        rights = rights_of(identity)
        tenant_id = identity.tenant_id
        if subject in ("jobs", "tenants"):
            tenant_id = ""
            if not allows(identity.role, Permission.MANAGE_TENANTS):
                return digest(rights)
        compute = self._of_subject[subject]
        part = self._parts.get((subject, tenant_id), lambda: compute(tenant_id))
        problem, story = self._runtime.identity.tenants.problem, self._runtime.story_revision
        return digest((rights, problem, story, part))

    def _connectors(self, tenant_id: str) -> Part:
        return tuple(self._list_parts(tenant_id))

    def _list_parts(self, tenant_id: str) -> Iterator[object]:
        try:
            portal = self._runtime.portals.of(tenant_id)
        except PbfError as error:
            yield str(error)
            return
        yield portal.tenant, self._runtime.identity.tenants.policy(tenant_id).digest
        yield portal.throttling_notice
        yield _version(portal.connectors)
        # Not every page shows services, so none is read here.
        yield _version(portal.catalogue) if portal.services_available else ""
        yield self._marks(portal)

    def _incidents(self, tenant_id: str) -> Part:
        try:
            portal = self._runtime.portals.of(tenant_id)
        except PbfError as error:
            return (str(error),)
        return portal.tenant, self._marks(portal)

    def _jobs(self, _: str) -> Part:
        from pbf.jobs.status import JobStatuses  # of which the first page needs nothing

        try:
            return tuple(JobStatuses(self._runtime.store).all())
        except PbfError as error:
            return (str(error),)

    def _tenants(self, _: str) -> Part:
        entries = self._runtime.identity.tenants.all()
        shown = tuple((entry.id, entry.name, entry.group_id) for entry in entries)
        statuses = self._runtime.statuses.newest([entry.group_id for entry in entries])
        return shown, statuses

    def _marks(self, portal: Portal) -> object:
        """Return the marks of a tenant's group, which are read once those of all have changed."""
        store, group_id = self._runtime.store, portal.tenant.group_id
        try:
            of_all = self._marks_of_all.get("", store.marks)
            known = self._marks_of_groups.get(group_id)
            if known is None or known[0] != of_all:
                known = of_all, store.marks(group_id)
                keep_newest(self._marks_of_groups, group_id, known, MOST)
        except PbfError as error:
            return str(error)
        return known[1]


def rights_of(identity: Identity) -> Part:
    """Return who somebody is on the pages, and what they may see there."""
    services = None if identity.services is None else sorted(identity.services)
    role = str(identity.role)
    return identity.actor, identity.name, role, identity.tenant_id, identity.is_operator, services


def _version(read: Callable[[], CachedList]) -> object:  # type: ignore[type-arg]
    try:
        cached = read()
    except PbfError as error:
        return str(error)
    return cached.revision, str(cached.problem), cached.unread


def digest(content: object) -> str:
    """Return a short text of a content, the same in every process."""
    return hashlib.blake2b(repr(content).encode(), digest_size=12).hexdigest()
