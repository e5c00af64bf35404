"""The check-up before going live: one line for each thing that must be right."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from pbf.config import Settings
from pbf.errors import Forbidden, NotFound, PbfError
from pbf.runtime import Runtime

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Finding:
    """One line of the check-up."""

    subject: str
    good: bool
    text: str

    def __str__(self) -> str:
        """Return the line as it is printed."""
        return f"{'ok ' if self.good else 'BAD'}  {self.subject:<12} {self.text}"


def examine(open_runtime: Callable[[], Runtime]) -> Iterator[Finding]:
    """Yield a finding for the settings, key, group, destination, rate limit and public URL."""
    try:
        runtime = open_runtime()
    except PbfError as error:
        yield Finding("settings", False, str(error))
        return
    where = "the embedded sandbox" if runtime.settings.sandbox else runtime.settings.api_url
    yield Finding("settings", True, f"complete, using {where}")
    yield _check("key", lambda: _key(runtime))
    yield _check("group", lambda: _group(runtime))
    yield _check("destination", lambda: _destination(runtime))
    yield _check("rate limit", lambda: _rate_limit(runtime))
    yield _public_url(runtime.settings)


def _check(subject: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except PbfError as error:
        return Finding(subject, False, str(error))


def _key(runtime: Runtime) -> Finding:
    account = runtime.client.get_account()
    return Finding("key", True, f"accepted, account {account.account_name or account.account_id}")


def _group(runtime: Runtime) -> Finding:
    group_id = runtime.portal.tenant.group_id
    try:
        group = runtime.client.get_group(group_id)
    except (NotFound, Forbidden):
        text = f"{group_id} does not exist or is not visible to the key. Check FIVETRAN_GROUP_ID."
        return Finding("group", False, text)
    return Finding("group", True, f"{group.id} ({group.name})")


def _destination(runtime: Runtime) -> Finding:
    try:
        found = runtime.client.get_destination(runtime.portal.tenant.group_id)
    except (NotFound, Forbidden):
        text = "the group has none that the key can see; nothing syncs without one."
        return Finding("destination", False, text)
    # Both spellings are seen in the field.
    connected = found.setup_status.lower() == "connected"
    text = f"{found.service}, {found.setup_status.lower() or 'of unknown status'}"
    return Finding("destination", connected, text)


def _rate_limit(runtime: Runtime) -> Finding:
    limit = runtime.client.rate_limit
    if limit.remaining is None:
        return Finding("rate limit", True, "Fivetran did not say how many requests are left")
    total = f" of {limit.limit}" if limit.limit else ""
    text = f"{limit.remaining}{total} requests left in this hour"
    return Finding("rate limit", limit.remaining > 0, text)


def _public_url(settings: Settings) -> Finding:
    url = settings.public_url
    if url is None:
        named = ", ".join(("localhost", "127.0.0.1", *settings.allowed_hosts))
        text = f"PBF_PUBLIC_URL not set; requests are answered for {named} only"
        return Finding("public URL", True, text)
    parts = urlsplit(url)
    if parts.path or parts.query or parts.fragment:
        return Finding("public URL", False, f"{url} has a path; set scheme, host and port only")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return Finding("public URL", False, f"{url} is not https; people would sign in in the open")
    return Finding("public URL", True, url)
