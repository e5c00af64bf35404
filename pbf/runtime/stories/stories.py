"""Plays the stories of the embedded sandbox, and has everything here follow what they change."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from pbf.connectors.access.caller import acting_as
from pbf.connectors.account.account_list import list_key
from pbf.errors import NotNow, NotPermitted, PbfError, StoreFailed
from pbf.identity.models import Identity
from pbf.identity.tenants import TenantEntry
from pbf.rules.access.permissions import Permission, allows, refusal

if TYPE_CHECKING:
    from pbf.runtime import Runtime
    from pbf.sandbox.sandbox import Sandbox
    from pbf.sandbox.scenarios.story import Story, StoryText
    from pbf.store.stories.set_aside import Rows

ACTOR = "background"


@dataclass(frozen=True)
class Scene:
    """The present step of the story that is played.

    `at` is the sandbox's time, `tenant_id` the tenant in which the story plays. The step is seen
    on a `page`, of one connector if `connector_id` is set.
    """

    story: str
    number: int
    steps: int
    at: datetime
    title: str
    text: str
    page: str
    connector_id: str
    tenant_id: str
    tenant: str

    @property
    def is_last(self) -> bool:
        """Whether no step comes after it."""
        return self.number == self.steps


class Stories:
    """The stories, of which one is played at a time, for all visitors."""

    def __init__(self, runtime: "Runtime", world: "Sandbox") -> None:
        """Play in the world of a runtime's sandbox."""
        self._runtime = runtime
        self._world = world
        self._lock = threading.RLock()
        self._plays = 0
        self._story: Story | None = None
        # What was stored before of the connectors for which the story's stand in.
        self._kept: Rows = {}

    @cached_property
    def all(self) -> "Sequence[StoryText]":
        """The stories of the library; those that need sample tenants only where these are."""
        from pbf.sandbox.scenarios.story import stories

        has_people = self._runtime.identity.administration.is_on
        return [story for story in stories() if has_people or not story.makes_groups]

    @property
    def tenant(self) -> TenantEntry | None:
        """The tenant in which stories play; None while it is not served."""
        return self._runtime.identity.tenants.by_group(self._world.group_id)

    @property
    def revision(self) -> str:
        """A text that differs once a story begins, moves on or ends; empty without one."""
        story = self._story
        return f"{self._plays}.{story.place[0]}" if story and story.is_playing else ""

    @property
    def scene(self) -> Scene | None:
        """What the story that is played shows now; None without one."""
        story, tenant = self._story, self.tenant
        if story and not story.is_playing:  # its world was restarted by the sandbox's controls
            with suppress(StoreFailed), self._lock:
                self._leave()
            return None
        if story is None or tenant is None:
            return None
        caption, (number, steps) = story.caption, story.place
        return Scene(
            story=story.scenario.name,
            number=number,
            steps=steps,
            at=datetime.fromtimestamp(self._world.clock(), UTC),
            title=caption.title,
            text=" ".join(caption.text.split()),
            page=caption.page,
            connector_id=story.connection_id(),
            tenant_id=tenant.id,
            tenant=tenant.name or tenant.id,
        )

    def refusal(self, identity: Identity) -> str:
        """Return why somebody may not play stories, in a sentence; empty if they may."""
        if not allows(identity.role, Permission.PLAY_STORIES):
            return refusal(identity.role, Permission.PLAY_STORIES)
        tenant = self.tenant
        if not identity.is_operator and (tenant is None or tenant.id != identity.tenant_id):
            name = tenant.name if tenant else "the first tenant"
            return f"Stories play in {name}. Only its admins and operators may play them."
        return ""

    def play(self, identity: Identity, name: str) -> None:
        """Begin a story, instead of the one that is played.

        Raises NotPermitted, NotNow or StoreFailed.
        """
        from pbf.sandbox.scenarios.story import begun

        self._require(identity)
        with self._lock, self._runtime.watch.judge_lock:
            self._leave()
            self._kept = self._runtime.store.set_aside.take([self._world.group_id])
            try:
                self._story = begun(self._world, name)
                self._plays += 1
                self._add_tenants(self._story)
            except ValueError as error:
                self._restore(None)
                raise NotNow(str(error)) from error
            except PbfError:
                self._restore(self._story)
                raise
            self._follow(is_other_world=True)

    def advance(self, identity: Identity, revision: str) -> None:
        """Play the next step; nothing if the story has moved on since a revision."""
        self._require(identity)
        with self._lock:
            if self._story and revision == self.revision:
                self._story.advance()
                self._follow()

    def leave(self, identity: Identity) -> None:
        """Go back to the world before the story that is played."""
        self._require(identity)
        with self._lock:
            self._leave()

    def _require(self, identity: Identity) -> None:
        if reason := self.refusal(identity):
            raise NotPermitted(reason)

    def _add_tenants(self, story: "Story") -> None:
        runtime, names = self._runtime, {group.id: group.name for group in story.groups}
        if names:
            runtime.store.tenants.add_all(names, now=runtime.store.now())
            runtime.identity.tenants.refresh()

    def _leave(self) -> None:
        if self._story or self._kept:  # or what was stored could not be put back lately
            with self._runtime.watch.judge_lock:
                self._restore(self._story)
                self._follow(is_other_world=True)

    def _restore(self, story: "Story | None") -> None:
        """Restore the world, unless it was restarted meanwhile, and what was stored of it."""
        runtime, groups = self._runtime, [self._world.group_id]
        if story and story.is_playing:
            story.leave()
        self._forget_lists(drop=True)
        # Until here, lists of the story's connectors may have been read.
        runtime.timelines.lists.wait()
        if story and story.groups:
            groups += [group.id for group in story.groups]
            runtime.store.tenants.remove_all(groups[1:])
            runtime.identity.tenants.refresh()
        runtime.store.set_aside.put_back(groups, self._kept)
        self._story, self._kept = None, {}

    def _follow(self, *, is_other_world: bool = False) -> None:
        """Have lists, history, incidents and numbers show what a step has changed."""
        runtime = self._runtime
        self._forget_lists(drop=is_other_world)
        if is_other_world:
            runtime.portals.forget()
            runtime.timelines.observer.forget()
        with acting_as(ACTOR), suppress(PbfError):  # pages and the next jobs say what is wrong
            if own := self.tenant:
                runtime.portals.of(own.id).connectors()
            runtime.timelines.lists.wait()
            runtime.watch.judge()

    def _forget_lists(self, *, drop: bool) -> None:
        """Read each list anew; with `drop`, never show again what was read before."""
        cache = self._runtime.cache
        forget = cache.drop if drop else cache.forget
        for tenant in self._runtime.identity.tenants.all():
            forget(list_key(tenant.group_id))
        self._runtime.statuses.forget(drop=drop)
