"""The parts of the process, built from the settings.

Only this module knows whether the sandbox is used instead of Fivetran.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from pbf.cache.shared import SharedCache
from pbf.config import DOTENV, Settings, environment, is_readable_by_others, load_settings
from pbf.config.secrets_toml import SECRETS_TOML
from pbf.connectors.access.client_limits import ClientLimits
from pbf.connectors.access.sign_in_limits import SignInLimits
from pbf.connectors.account.account_statuses import AccountStatuses
from pbf.connectors.portal import Portal
from pbf.connectors.portals import Portals
from pbf.errors import ConfigurationError, UnknownTenant
from pbf.fivetran.client import ApiClient
from pbf.fivetran.http.transport import Request
from pbf.identity.services import IdentityServices
from pbf.identity.services import build as build_identity
from pbf.paths import PREFIX, WEBHOOK_PATH
from pbf.redaction import hide_pair
from pbf.rules.timeline.events import EVENTS
from pbf.runtime.building import build_inbox, build_limits, build_portals
from pbf.runtime.keys import hide_secrets, signing_key
from pbf.runtime.notifications import build_notifier, channels_of
from pbf.runtime.opened_store import open_store
from pbf.runtime.sandbox import demo_groups, start_sandbox
from pbf.runtime.shared_redis import cache_backend, shared_limiter
from pbf.signed_links import Signer
from pbf.store.store import Store
from pbf.timeline.timelines import Timelines
from pbf.timeline.webhook_inbox import Inbox
from pbf.watch.notifications.channels import ChannelService
from pbf.watch.notifications.notifier import Notifier

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from pbf.jobs.runner import JobSpec
    from pbf.runtime.revisions import Revisions
    from pbf.runtime.stories.stories import Stories
    from pbf.sandbox.server import SandboxServer
    from pbf.watch.watch import Watch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Runtime:
    """The parts of the process; `sandbox` is set if it is used instead of Fivetran."""

    settings: Settings
    client: ApiClient
    portals: Portals
    identity: IdentityServices
    signer: Signer
    cache: SharedCache
    store: Store
    sign_in_limits: SignInLimits
    limits: ClientLimits
    statuses: AccountStatuses
    timelines: Timelines
    inbox: Inbox
    sandbox: "SandboxServer | None" = None

    @property
    def portal(self) -> Portal:
        """The portal of the settings' own tenant: the only one while sign-in is off."""
        return next(self.portals.all())

    @cached_property
    def jobs(self) -> "Sequence[JobSpec]":
        """The background work, in which the runtime of one process at a time does each job."""
        from pbf.runtime.jobs import jobs

        return jobs(self)

    @cached_property
    def watch(self) -> "Watch":
        """Promises, incidents and status pages of all tenants."""
        from pbf.runtime.watch import watch_of

        return watch_of(self)

    @cached_property
    def revisions(self) -> "Revisions":
        """The revisions of what pages show."""
        from pbf.runtime.revisions import Revisions

        return Revisions(self)

    @cached_property
    def stories(self) -> "Stories | None":
        """The stories that can be played; None without the embedded sandbox."""
        if self.sandbox is None:
            return None
        from pbf.runtime.stories.stories import Stories

        return Stories(self, self.sandbox.world)

    @property
    def story_revision(self) -> str:
        """A text that differs once a story has moved on; empty while none is played."""
        return self.stories.revision if self.stories else ""

    @cached_property
    def notifier(self) -> Notifier:
        """What sends notifications of incidents."""
        return build_notifier(self)

    def channels(self, portal: Portal, person_id: str) -> ChannelService:
        """The channels that somebody may manage; `person_id` is empty for programs."""
        return channels_of(self, portal, person_id)

    def portals_to_work_on(self) -> Iterator[Portal]:
        """Yield the portals of tenants with background work; the others cost nothing."""
        for group_id in sorted(self.store.groups_to_work_on()):
            if entry := self.identity.tenants.by_group(group_id):
                with suppress(UnknownTenant):  # removed at this moment
                    yield self.portals.of(entry.id)

    def receive_from_sandbox(self, origin: str) -> None:
        """Have the embedded sandbox, if it is used, send webhooks to the server at an origin."""
        if self.sandbox:
            url = f"{origin}{PREFIX}{WEBHOOK_PATH}"
            self.sandbox.world.webhooks.keep(url, events=EVENTS, secret=self.inbox.secret)

    def close(self) -> None:
        """Close all parts."""
        self.cache.close()
        self.client.close()
        self.store.close()
        if self.sandbox:
            self.sandbox.stop()


# In seconds: a start that failed after so long is not tried again for a while.
SLOW_START = 1.0
FAILURE_LIFETIME = 2.0

_runtime: Runtime | None = None
_failure: tuple[float, ConfigurationError] | None = None
_lock = threading.Lock()


def runtime() -> Runtime:
    """Return the process's runtime, starting it at the first call.

    Raises ConfigurationError as long as the settings are invalid.
    """
    global _runtime, _failure
    with _lock:
        if _runtime is None:
            if _failure and time.monotonic() < _failure[0]:
                raise _failure[1].with_traceback(None)
            settings, begun_at = load_settings(), time.monotonic()
            for path in filter(is_readable_by_others, (DOTENV, SECRETS_TOML)):
                log.warning(
                    "Other users of this machine can read %s. Run: chmod 600 %s", path, path
                )
            try:
                _runtime = start(settings)
            except ConfigurationError as error:
                # Callers that waited do not try one after the other, each as long.
                if time.monotonic() - begun_at > SLOW_START:
                    _failure = time.monotonic() + FAILURE_LIFETIME, error
                raise
        return _runtime


def opened() -> Runtime | None:
    """Return the process's runtime if it was started."""
    return _runtime


def use(replacement: Runtime | None) -> None:
    """Replace the runtime, for instance in a test; None starts a new one at the next call."""
    global _runtime, _failure
    with _lock:
        _runtime, _failure = replacement, None


def release_waiters() -> None:
    """Release the threads that wait for Fivetran, before the process ends."""
    # Without the lock, which a thread that starts the runtime may hold for long.
    if _runtime is not None:
        _runtime.cache.close()


def embedded_sandbox(
    environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    """Serve the embedded sandbox (WSGI); 404 if it is not used."""
    try:
        sandbox = runtime().sandbox
    except ConfigurationError:
        sandbox = None
    serve = sandbox.app if sandbox else Response("There is no sandbox here.\n", 404)
    return serve(environ, start_response)


def start(settings: Settings) -> Runtime:
    """Return a runtime for the settings, with an embedded sandbox if they hold no credentials.

    Raises ConfigurationError if the database or the policy file cannot be opened.
    """
    hide_secrets(settings)
    with ExitStack() as opened:  # closed again if a later part fails
        cache = SharedCache(backend=cache_backend(settings))
        opened.callback(cache.close)
        store = open_store(settings)
        opened.callback(store.close)
        sandbox = start_sandbox(settings) if settings.sandbox else None
        if sandbox:
            opened.callback(sandbox.stop)
        started = _connected(settings, cache, store, sandbox)
        opened.pop_all()
    store.audit.store_waiting_repeatedly()
    return started


def _connected(
    settings: Settings, cache: SharedCache, store: Store, sandbox: "SandboxServer | None"
) -> Runtime:
    """Return a runtime of parts that are open, with a client of the account."""
    account = sandbox.world if sandbox else settings
    key, secret, group_id = account.api_key or "", account.api_secret or "", account.group_id or ""
    hide_pair(key, secret)
    keys = settings.signing_keys or (signing_key(secret, shared=sandbox is None),)
    api_url = sandbox.url if sandbox else settings.api_url
    client = ApiClient(Request(api_url, key, secret, timeout=settings.timeout))
    identity = build_identity(
        settings,
        store,
        group_id=group_id,
        signing_keys=keys,
        environ=environment(),
        check_group=client.get_group,
        demo_groups=demo_groups(sandbox) if sandbox and settings.is_demo else None,
    )
    signer, limiter = Signer(*keys), shared_limiter(settings)
    limits = build_limits(settings, limiter, lambda: len(identity.tenants.all()))
    timelines = Timelines(
        client,
        store,
        portal=lambda tenant_id: portals.of(tenant_id),
        groups=lambda: [tenant.group_id for tenant in identity.tenants.all()],
        days=settings.history_days,
        detail_days=settings.history_detail_days,
    )
    portals = build_portals(
        settings, limits, identity.tenants, client, cache, store, signer, timelines.lists.put
    )
    return Runtime(
        settings=settings,
        client=client,
        portals=portals,
        identity=identity,
        signer=signer,
        cache=cache,
        store=store,
        sign_in_limits=SignInLimits(limiter, trusted_proxies=settings.trusted_proxies),
        limits=limits,
        statuses=AccountStatuses(client, cache, store),
        timelines=timelines,
        inbox=build_inbox(settings, store, client, identity.tenants),
        sandbox=sandbox,
    )
