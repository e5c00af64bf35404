"""Every setting: read from the environment, .env and secrets.toml, checked, and parsed."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from pbf.config.credentials import (
    FIVETRAN_API_URL,
    check_credentials,
    read_api_url,
)
from pbf.config.secret_files import with_secret_files
from pbf.config.secrets_toml import read_secrets_toml
from pbf.config.sign_in import SignIn, read_sign_in
from pbf.config.values import (
    read_count,
    read_flag,
    read_limit,
    read_mail_url,
    read_number,
    read_origins,
    read_public_url,
    read_secrets,
    read_words,
)
from pbf.errors import ConfigurationError
from pbf.paths import host_as_sent, is_loopback

HOST_NAME = re.compile(r"[a-z0-9._-]{1,253}|\[[0-9a-f:.]+\]")
DOTENV = ".env"
SIGN_IN_FIRST = "set PBF_SIGN_IN to oidc, jwt or proxy (docs/sign-in.md)."


@dataclass(frozen=True)
class Settings:
    """The settings, each of which `.env.example` describes."""

    api_key: str | None = field(default=None, repr=False)
    api_secret: str | None = field(default=None, repr=False)
    group_id: str | None = None
    api_url: str = FIVETRAN_API_URL
    public_url: str | None = None
    allowed_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    product_name: str = "Data connections"
    timeout: float = 60.0
    database_url: str | None = field(default=None, repr=False)
    # How many connections to PostgreSQL a process has at most.
    database_connections: int = 10
    # The folder in which entries of the audit log wait; None for one beside the database.
    audit_spool: str | None = None
    # Whether the server applies missing migrations when it starts.
    migrate: bool = True
    # The first key signs; links signed with the others are accepted, too.
    signing_keys: tuple[str, ...] = field(default=(), repr=False)
    redis_url: str | None = field(default=None, repr=False)
    # Where Prometheus reads the metrics; port 0 is none.
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    frame_ancestors: tuple[str, ...] = ()
    create_limit: str = "100 per hour"
    action_limit: str = "1200 per hour"
    total_action_limit: str = "6000 per hour"
    # The number of proxies in front of us that append to X-Forwarded-For.
    trusted_proxies: int = 0
    # In hours.
    deletion_grace: float = 24.0
    # In seconds: how long SIGTERM waits for writes under way.
    drain: float = 30.0
    # In days: how long the sync history is kept, and for how long of that every sync.
    history_days: float = 400.0
    history_detail_days: float = 90.0
    policy: str | None = None
    # The secrets of Fivetran's webhooks: a new webhook gets the first one.
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    # The mail server of notifications, as an address of Apprise's without recipients.
    mail_url: str | None = field(default=None, repr=False)
    # The services that notifications may use; empty for all that are supported.
    notify: tuple[str, ...] = ()
    # Whether notifications may go to private and loopback addresses.
    notify_private: bool = False
    sign_in: SignIn = field(default_factory=SignIn)

    @property
    def sandbox(self) -> bool:
        """Whether there are no credentials, so that the embedded sandbox is used."""
        return self.api_key is None

    @property
    def is_demo(self) -> bool:
        """Whether visitors may look at the sandbox as people of several sample tenants."""
        return self.sandbox and not self.sign_in.methods and self.policy is None

    @property
    def has_people(self) -> bool:
        """Whether people sign in, or look at the sandbox as different people."""
        return bool(self.sign_in.methods) or self.is_demo

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The host names under which people reach us, besides loopback names."""
        host = urlsplit(self.public_url or "").hostname
        return frozenset(self.allowed_hosts) | ({host_as_sent(host)} if host else set())

    @property
    def shares_redis(self) -> bool:
        """Whether several processes share a cache in Redis."""
        return self.redis_url is not None and not self.sandbox


def load_settings(
    environ: Mapping[str, str] | None = None, *, dotenv: str | None = DOTENV
) -> Settings:
    """Return the settings from the environment and, below it, from the file `dotenv`.

    Below both of them are those of `.streamlit/secrets.toml`; without `dotenv` no file is read.
    Raises ConfigurationError, naming the setting, if one is missing or invalid.
    """
    values = with_secret_files(_values(environ, dotenv))
    check_credentials(values)
    settings = _settings(values)
    _check_reachable(settings)
    return settings


def check_listening(settings: Settings, address: str) -> None:
    """Raise ConfigurationError if a server may not listen on an address; empty means on all."""
    if _is_open(settings) and not is_loopback(address):
        raise ConfigurationError(
            f"The server listens on {address or 'all addresses'}, but sign-in is off, so anybody "
            f"who reaches it could manage every connector. Listen on 127.0.0.1, or {SIGN_IN_FIRST}"
        )


def _settings(values: Mapping[str, str]) -> Settings:
    return Settings(
        api_key=values.get("FIVETRAN_API_KEY"),
        api_secret=values.get("FIVETRAN_API_SECRET"),
        group_id=values.get("FIVETRAN_GROUP_ID"),
        api_url=read_api_url(values),
        public_url=read_public_url(values),
        allowed_origins=read_origins(values, "PBF_ALLOWED_ORIGINS"),
        allowed_hosts=_hosts(values),
        product_name=values.get("PBF_PRODUCT_NAME", Settings.product_name),
        timeout=read_number(
            values, "PBF_TIMEOUT", "seconds", Settings.timeout, least=0.1, most=600
        ),
        deletion_grace=read_number(
            values, "PBF_DELETION_GRACE", "hours", Settings.deletion_grace, least=0, most=720
        ),
        drain=read_number(values, "PBF_DRAIN", "seconds", Settings.drain, least=0, most=600),
        history_days=read_number(
            values, "PBF_HISTORY_DAYS", "days", Settings.history_days, least=1, most=4000
        ),
        history_detail_days=read_number(
            values,
            "PBF_HISTORY_DETAIL_DAYS",
            "days",
            Settings.history_detail_days,
            least=1,
            most=4000,
        ),
        database_url=values.get("PBF_DATABASE_URL"),
        database_connections=read_count(
            values, "PBF_DATABASE_CONNECTIONS", Settings.database_connections, least=2, most=100
        ),
        audit_spool=values.get("PBF_AUDIT_SPOOL"),
        migrate=read_flag(values, "PBF_MIGRATE", default="on"),
        signing_keys=read_secrets(values, "PBF_SIGNING_KEY", "key"),
        redis_url=values.get("PBF_REDIS_URL"),
        metrics_host=values.get("PBF_METRICS_HOST", Settings.metrics_host),
        metrics_port=read_count(
            values, "PBF_METRICS_PORT", Settings.metrics_port, least=0, most=65535
        ),
        frame_ancestors=read_origins(values, "PBF_FRAME_ANCESTORS"),
        create_limit=read_limit(values, "PBF_CREATE_LIMIT", Settings.create_limit),
        action_limit=read_limit(values, "PBF_ACTION_LIMIT", Settings.action_limit),
        total_action_limit=read_limit(
            values, "PBF_TOTAL_ACTION_LIMIT", Settings.total_action_limit
        ),
        trusted_proxies=_proxies(values),
        policy=values.get("PBF_POLICY"),
        webhook_secrets=read_secrets(values, "PBF_WEBHOOK_SECRET", "secret"),
        mail_url=read_mail_url(values, "PBF_MAIL_URL"),
        notify=read_words(values, "PBF_NOTIFY"),
        notify_private=read_flag(values, "PBF_NOTIFY_PRIVATE"),
        sign_in=read_sign_in(values),
    )


def _is_open(settings: Settings) -> bool:
    """Return whether everybody who reaches the dashboard may manage a real account."""
    return not settings.sandbox and not settings.sign_in.methods


def _check_reachable(settings: Settings) -> None:
    names = sorted(name for name in settings.hosts if not is_loopback(name))
    if _is_open(settings) and names:
        raise ConfigurationError(
            f"Sign-in is off, but PBF_PUBLIC_URL or PBF_ALLOWED_HOSTS names {names[0]}, so anybody "
            f"who reaches it could manage every connector. Remove it, or {SIGN_IN_FIRST}"
        )


def load_addresses(
    environ: Mapping[str, str] | None = None, *, dotenv: str | None = ".env"
) -> Settings:
    """Return only the settings with our addresses, leaving out those that are invalid.

    A visitor who uses one of these addresses then sees what is wrong with the other settings.
    """
    settings = Settings()
    with suppress(ConfigurationError):
        values = _values(environ, dotenv)
        with suppress(ConfigurationError):
            settings = replace(settings, public_url=read_public_url(values))
        with suppress(ConfigurationError):
            settings = replace(settings, allowed_hosts=_hosts(values))
    return settings


def environment(dotenv: str | None = DOTENV) -> dict[str, str]:
    """Return the environment and, below it, the files; raise ConfigurationError."""
    return with_secret_files(_values(None, dotenv))


def _values(environ: Mapping[str, str] | None, dotenv: str | None) -> dict[str, str]:
    file = {**read_secrets_toml(), **_read_file(dotenv)} if dotenv else {}
    values = {**file, **(os.environ if environ is None else environ)}
    return {name: text.strip() for name, text in values.items() if text and text.strip()}


def is_readable_by_others(path: str | Path) -> bool:
    """Return whether other users of this machine may read or write a file."""
    try:
        return os.name == "posix" and bool(Path(path).stat().st_mode & 0o077)
    except OSError:
        return False


def _read_file(path: str) -> dict[str, str | None]:
    try:
        return dotenv_values(path)
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"{path} cannot be read. Save it as plain text in UTF-8.") from exc


def _hosts(values: Mapping[str, str]) -> tuple[str, ...]:
    names = values.get("PBF_ALLOWED_HOSTS", "").replace(",", " ").lower().split()
    if not all(HOST_NAME.fullmatch(name) for name in names):
        raise ConfigurationError(
            "PBF_ALLOWED_HOSTS contains a value that is not a host name. Use names such as "
            "connect.example.com, without scheme, port and path."
        )
    return tuple(host_as_sent(name.strip("[]")) for name in names)


def _proxies(values: Mapping[str, str]) -> int:
    text = values.get("PBF_TRUSTED_PROXIES", "0")
    if not re.fullmatch("[0-9]", text):
        raise ConfigurationError("PBF_TRUSTED_PROXIES is not a number of proxies from 0 to 9.")
    return int(text)
