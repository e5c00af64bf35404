"""The check-up before going live: one line for each thing that must be right."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from pbf.config import DOTENV, Settings, is_loopback, is_readable_by_others
from pbf.errors import Forbidden, NotFound, PbfError
from pbf.runtime import Runtime

# How a database of PostgreSQL's is told to insist on TLS.
ENCRYPTED = {"require", "verify-ca", "verify-full"}


@dataclass(frozen=True)
class Finding:
    """One line of the check-up."""

    subject: str
    good: bool
    text: str
    warning: bool = False

    def __str__(self) -> str:
        """Return the line as it is printed."""
        mark = "WARN" if self.warning else "ok  " if self.good else "BAD "
        return f"{mark} {self.subject:<12} {self.text}"


def examine(open_runtime: Callable[[], Runtime]) -> Iterator[Finding]:
    """Yield a finding for each: settings, key, group, destination, rate limit, URL, files, TLS."""
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
    yield _files(runtime.store.file)
    yield _encryption(runtime.settings)


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
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        return Finding("public URL", False, f"{url} is not https; people would sign in in the open")
    return Finding("public URL", True, url)


def _files(database: str | None) -> Finding:
    exposed = [path for path in (DOTENV, database) if path and is_readable_by_others(path)]
    if not exposed:
        return Finding("files", True, "no other user can read the settings or the database")
    names = " and ".join(exposed)
    text = f"other users of this machine can read {names}. Run: chmod 600 {' '.join(exposed)}"
    return Finding("files", True, text, warning=True)


def _encryption(settings: Settings) -> Finding:
    named = {"PBF_DATABASE_URL": settings.database_url, "PBF_REDIS_URL": settings.redis_url}
    bare = [name for name, url in named.items() if url and _is_unencrypted(url)]
    if not bare:
        return Finding("encryption", True, "no secret crosses the network unencrypted")
    text = (
        f"{' and '.join(bare)} may reach another host without TLS. Use rediss:// for Redis, and "
        "?sslmode=require or verify-full for PostgreSQL."
    )
    return Finding("encryption", True, text, warning=True)


def _is_unencrypted(url: str) -> bool:
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        host = parts.hostname or (query.get("host") or [""])[0]
    except ValueError:
        return False  # what is no URL is refused elsewhere
    if not host or host.startswith("/") or is_loopback(host):
        return False
    kind = parts.scheme.partition("+")[0]
    if kind == "redis":
        return True
    return kind.startswith("postgres") and not ENCRYPTED & set(query.get("sslmode", ()))
