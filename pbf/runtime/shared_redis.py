"""What the processes of one account share in Redis: cached lists, and the counts of limits."""

import hashlib

from pbf.cache.redis_backend import RedisBackend
from pbf.cache.serializer import ListSerializer
from pbf.config import Settings
from pbf.connectors.access.limiter import Limiter
from pbf.connectors.account.account_statuses import GroupStatuses
from pbf.errors import ConfigurationError
from pbf.fivetran.models import Connector, Service


def cache_backend(settings: Settings) -> RedisBackend | None:
    """Return the cache backend that this account's processes share, if there is one."""
    if not settings.shares_redis:
        return None
    try:
        return RedisBackend(
            settings.redis_url or "",
            prefix=f"pbf:1:{_account_hash(settings)}",
            serializer=ListSerializer(Service, Connector, GroupStatuses),
        )
    except (ValueError, ImportError):
        # The error may quote the URL with its password, so it is not chained into logs.
        raise ConfigurationError(
            "PBF_REDIS_URL cannot be used. It looks like redis://:password@host:6379/0."
        ) from None


def shared_limiter(settings: Settings) -> Limiter:
    """Return what counts for limits, together with this account's processes if they share Redis."""
    redis_url = settings.redis_url if settings.shares_redis else None
    return Limiter(redis_url=redis_url, redis_prefix=f"pbf:limits:{_account_hash(settings)}")


def _account_hash(settings: Settings) -> str:
    """Return a hash that keeps accounts apart in a shared Redis; it does not reveal the secret."""
    account = (settings.api_url, settings.api_key or "", settings.api_secret or "")
    return hashlib.sha256("\0".join(("pbf cache", *account)).encode()).hexdigest()[:32]
