"""The check of settings and account before going live, one line for each subject."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

from pbf.commands.results import Result
from pbf.commands.sign_in_checks import sign_in_results
from pbf.commands.webhooks import INSTALL, address, our_webhooks
from pbf.config import DOTENV, Settings, is_readable_by_others
from pbf.config.secrets_toml import SECRETS_TOML
from pbf.errors import Forbidden, NotFound, PbfError
from pbf.paths import is_loopback
from pbf.runtime import Runtime

# The values of sslmode with which PostgreSQL's client insists on TLS.
TLS_MODES = {"require", "verify-ca", "verify-full"}


def run_checks(open_runtime: Callable[[], Runtime]) -> Iterator[Result]:
    """Yield the results for settings, account, URL, files, TLS and sign-in."""
    try:
        runtime = open_runtime()
    except PbfError as error:
        yield Result("settings", False, str(error))
        return
    where = "the embedded sandbox" if runtime.settings.sandbox else runtime.settings.api_url
    yield Result("settings", True, f"complete, using {where}")
    for subject, check in ACCOUNT_CHECKS.items():
        try:
            yield check(runtime)
        except PbfError as error:
            yield Result(subject, False, str(error))
    yield _public_url(runtime.settings)
    yield _proxies(runtime.settings)
    yield _files(runtime.store.file)
    yield _encryption(runtime.settings)
    yield _audit_spool(runtime)
    yield _processes(runtime)
    yield _webhooks(runtime)
    yield from sign_in_results(runtime)


def _key(runtime: Runtime) -> Result:
    account = runtime.client.get_account()
    return Result("key", True, f"accepted, account {account.account_name or account.account_id}")


def _group(runtime: Runtime) -> Result:
    group_id = runtime.portal.tenant.group_id
    try:
        group = runtime.client.get_group(group_id)
    except (NotFound, Forbidden):
        text = f"{group_id} does not exist or is not visible to the key. Check FIVETRAN_GROUP_ID."
        return Result("group", False, text)
    return Result("group", True, f"{group.id} ({group.name})")


def _destination(runtime: Runtime) -> Result:
    try:
        destination = runtime.client.get_destination(runtime.portal.tenant.group_id)
    except (NotFound, Forbidden):
        text = "the group has none that is visible to the key; without one nothing syncs."
        return Result("destination", False, text)
    # Fivetran sends both spellings.
    connected = destination.setup_status.lower() == "connected"
    text = f"{destination.service}, {destination.setup_status.lower() or 'of unknown status'}"
    return Result("destination", connected, text)


def _rate_limit(runtime: Runtime) -> Result:
    limit = runtime.client.latest.rate_limit
    if limit.remaining is None:
        return Result("rate limit", True, "Fivetran does not report how many requests are left")
    total = f" of {limit.limit}" if limit.limit else ""
    text = f"{limit.remaining}{total} requests left in this hour"
    return Result("rate limit", limit.remaining > 0, text)


ACCOUNT_CHECKS: dict[str, Callable[[Runtime], Result]] = {
    "key": _key,
    "group": _group,
    "destination": _destination,
    "rate limit": _rate_limit,
}


def _webhooks(runtime: Runtime) -> Result:
    """Webhooks are optional: without them, failures are noticed later."""
    settings, subject = runtime.settings, "webhooks"
    if settings.sandbox:
        return Result(subject, True, "the embedded sandbox sends them by itself")
    if not settings.webhook_secrets:
        text = "not used, so that changes are noticed later (docs/webhooks.md)"
        return Result(subject, True, text)
    try:
        ours = our_webhooks(runtime, address(settings))
    except PbfError as error:
        return Result(subject, True, str(error), warning=True)
    if not ours:
        text = f"none leads here. Run: {INSTALL}"
        return Result(subject, True, text, warning=True)
    if not ours[0].active:
        return Result(subject, False, f"Fivetran has disabled ours. Run: {INSTALL}")
    return Result(subject, True, "active. Have it tested with: python -m pbf webhooks check")


def _public_url(settings: Settings) -> Result:
    url = settings.public_url
    if url is None:
        hosts = ", ".join(("localhost", "127.0.0.1", *settings.allowed_hosts))
        text = f"PBF_PUBLIC_URL is not set; the server answers only for {hosts}"
        return Result("public URL", True, text)
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        return Result("public URL", False, f"{url} is not https; sessions would be unencrypted")
    return Result("public URL", True, url)


def _proxies(settings: Settings) -> Result:
    """Compare the number of trusted proxies with the address, which shows whether there are any."""
    number, subject = settings.trusted_proxies, "proxies"
    is_remote = not is_loopback(urlsplit(settings.public_url or "http://localhost").hostname or "")
    if is_remote and not number:
        text = (
            "PBF_TRUSTED_PROXIES is 0, so that all visitors behind a proxy count as one client in "
            "limits. Set it to the number of proxies that add to X-Forwarded-For."
        )
        return Result(subject, True, text, warning=True)
    if number and not is_remote:
        text = (
            f"PBF_TRUSTED_PROXIES is {number}, but PBF_PUBLIC_URL names no host behind a proxy. "
            "Without a proxy, a visitor can choose the address that counts for limits."
        )
        return Result(subject, True, text, warning=True)
    text = f"{number} trusted" if number else "none trusted; X-Forwarded-For is ignored"
    return Result(subject, True, text)


def _files(database: str | None) -> Result:
    exposed = [
        path for path in (DOTENV, SECRETS_TOML, database) if path and is_readable_by_others(path)
    ]
    if not exposed:
        return Result("files", True, "no other user can read the settings or the database")
    names = " and ".join(exposed)
    text = f"other users of this machine can read {names}. Run: chmod 600 {' '.join(exposed)}"
    return Result("files", True, text, warning=True)


def _encryption(settings: Settings) -> Result:
    urls = {"PBF_DATABASE_URL": settings.database_url, "PBF_REDIS_URL": settings.redis_url}
    unencrypted = [name for name, url in urls.items() if url and _is_unencrypted(url)]
    if not unencrypted:
        return Result("encryption", True, "no secret crosses the network unencrypted")
    text = (
        f"{' and '.join(unencrypted)} may reach another host without TLS. Use rediss:// for Redis "
        "and ?sslmode=require or verify-full for PostgreSQL."
    )
    return Result("encryption", True, text, warning=True)


def _audit_spool(runtime: Runtime) -> Result:
    """Look at the folder in which entries of the audit log wait while the database is away."""
    subject = "audit spool"
    folder, is_writable = runtime.store.audit.spool
    if not is_writable:
        text = f"{folder} cannot be written. Set PBF_AUDIT_SPOOL to a folder that can be."
        return Result(subject, True, text, warning=True)
    if waiting := runtime.store.audit.waiting():
        text = f"{waiting} entries wait in {folder}; a running server stores them"
        return Result(subject, True, text, warning=True)
    return Result(subject, True, folder or "not needed for a database in memory")


def _processes(runtime: Runtime) -> Result:
    """Look whether several processes run without a shared cache; this one does not count."""
    subject, others = "processes", runtime.store.other_processes()
    if others < 2:
        return Result(subject, True, "the database shows no second server")
    if runtime.settings.shares_redis:
        return Result(subject, True, f"{others} use the database, and share a cache in Redis")
    text = (
        f"{others} use the database without PBF_REDIS_URL: each asks Fivetran for itself, and "
        "shows what another has changed up to a minute later. Set PBF_REDIS_URL for all of them."
    )
    return Result(subject, True, text, warning=True)


def _is_unencrypted(url: str) -> bool:
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        host = parts.hostname or (query.get("host") or [""])[0]
    except ValueError:
        return False  # an invalid URL is refused elsewhere
    if not host or host.startswith("/") or is_loopback(host):
        return False
    scheme = parts.scheme.partition("+")[0]
    if scheme == "redis":
        return True
    return scheme.startswith("postgres") and not TLS_MODES & set(query.get("sslmode", ()))
