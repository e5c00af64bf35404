"""The account's webhook at Fivetran: install it, check that it arrives, remove it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pbf.clock import utc_now
from pbf.config import Settings
from pbf.errors import ConfigurationError, InvalidRequest, PbfError
from pbf.fivetran.webhook_subscriptions import Webhook
from pbf.paths import PREFIX, WEBHOOK_PATH, is_loopback
from pbf.rules.timeline.events import EVENTS, SYNC_END
from pbf.rules.wording import ago
from pbf.runtime import Runtime
from pbf.timeline.webhook_inbox import Receipt

# Whether all went well, and a line of the report.
Line = tuple[bool, str]

INSTALL = "python -m pbf webhooks install"
NOT_SET = (
    "PBF_WEBHOOK_SECRET is not set. Set it here and for the server, and restart the server. Create "
    "one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
)
NO_URL = (
    "Fivetran sends webhooks over the internet, so set PBF_PUBLIC_URL to the https:// address at "
    "which the server is reached from there."
)
EMBEDDED = (
    "The embedded sandbox sends its webhooks to the dashboard by itself; there is nothing to do."
)


def run(open_runtime: Callable[[], Runtime], action: str) -> Iterator[Line]:
    """Yield the lines of `install`, `check` or `remove`."""
    try:
        runtime = open_runtime()
        if runtime.settings.sandbox:
            yield True, EMBEDDED
            return
        yield from ACTIONS[action](runtime, address(runtime.settings))
    except PbfError as error:
        yield False, str(error)


def address(settings: Settings) -> str:
    """Return where Fivetran sends webhooks to; raise ConfigurationError if it cannot.

    A sandbox on this machine also sends them to this machine.
    """
    if not settings.webhook_secrets:
        raise ConfigurationError(NOT_SET)
    url = settings.public_url
    if url is None:
        raise ConfigurationError(f"PBF_PUBLIC_URL is not set. {NO_URL}")
    parts, api_host = urlsplit(url), urlsplit(settings.api_url).hostname or ""
    is_here = is_loopback(parts.hostname or "")
    if is_here and is_loopback(api_host):
        return url + PREFIX + WEBHOOK_PATH
    if is_here:
        raise ConfigurationError(f"Fivetran cannot reach {url}, which is this machine. {NO_URL}")
    if parts.scheme != "https":
        raise ConfigurationError(
            f"PBF_PUBLIC_URL is {url}, but Fivetran sends webhooks to https:// addresses only. Put "
            "a proxy that ends TLS in front of the server, and set its address."
        )
    return url + PREFIX + WEBHOOK_PATH


def our_webhooks(runtime: Runtime, url: str) -> list[Webhook]:
    """Return the account's webhooks that lead to us, the active ones first."""
    ours = [hook for hook in runtime.client.webhooks.all() if hook.url == url and not hook.group_id]
    return sorted(ours, key=lambda hook: not hook.active)


def _install(runtime: Runtime, url: str) -> Iterator[Line]:
    """Leave one active webhook that leads to us, with our events and secret."""
    webhooks, secret = runtime.client.webhooks, runtime.inbox.secret
    ours = our_webhooks(runtime, url)
    try:
        if ours and ours[0].active:
            hook = webhooks.update(ours[0].id, events=EVENTS, secret=secret)
            yield True, f"updated     {hook.id}, which sends {len(EVENTS)} kinds of events to {url}"
        else:
            hook = webhooks.create(url, EVENTS, secret=secret)
            yield True, f"installed   {hook.id}, which sends {len(EVENTS)} kinds of events to {url}"
    except InvalidRequest as error:
        yield False, _unreachable(url, str(error))
        return
    for other in ours:
        if other.id != hook.id:
            webhooks.delete(other.id)
            state = "was active as well" if other.active else "Fivetran had disabled it"
            yield True, f"removed     {other.id}: {state}"
    yield _test(runtime, hook)


def _check(runtime: Runtime, url: str) -> Iterator[Line]:
    """Check the webhook, have Fivetran test it, and tell what has arrived so far."""
    ours = our_webhooks(runtime, url)
    if not ours:
        yield False, f"No webhook leads to {url}. Run: {INSTALL}"
    for hook in ours:
        missing = sorted(set(EVENTS) - set(hook.events))
        if not hook.active:
            yield False, f"disabled    {hook.id}: too many deliveries failed. Run: {INSTALL}"
        elif missing:
            yield False, f"incomplete  {hook.id} lacks {', '.join(missing)}. Run: {INSTALL}"
        else:
            yield True, f"active      {hook.id}, to {url}"
            yield _test(runtime, hook)
    yield from received(runtime)


def _remove(runtime: Runtime, url: str) -> Iterator[Line]:
    """Remove every webhook that leads to us."""
    ours = our_webhooks(runtime, url)
    for hook in ours:
        runtime.client.webhooks.delete(hook.id)
        yield True, f"removed     {hook.id}"
    if not ours:
        yield True, f"No webhook leads to {url}."


ACTIONS: dict[str, Callable[[Runtime, str], Iterator[Line]]] = {
    "install": _install,
    "check": _check,
    "remove": _remove,
}


def received(runtime: Runtime) -> Iterator[Line]:
    """Yield how many webhooks of each kind arrived, and how many wait to be worked off."""
    counts, now = runtime.store.received_events.counts(), utc_now()
    for kind in Receipt:
        if row := counts.get(kind):
            last = ago(datetime.fromtimestamp(row.last_at, UTC), now)
            yield True, f"{kind:<11} {row.count:,}, the last {last}"
    if waiting := runtime.store.received_events.waiting():
        yield True, f"waiting     {waiting:,} to be worked off"
    if not counts:
        yield True, "received    nothing so far"


def _test(runtime: Runtime, hook: Webhook) -> Line:
    result = runtime.client.webhooks.test(hook.id, SYNC_END)
    if result.succeed:
        return True, f"tested      Fivetran's test was answered with {result.status}"
    problem = f"{result.status or ''} {result.message}".strip()
    return False, _unreachable(hook.url, f"The answer to its test was: {problem}.")


def _unreachable(url: str, problem: str) -> str:
    return (
        f"Fivetran's test of {url} failed. {problem} Check that the server runs with the same "
        "PBF_WEBHOOK_SECRET, and that this address is reachable from the internet."
    )
