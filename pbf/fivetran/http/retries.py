"""Which requests are sent again, how often, and after which wait."""

from typing import Any

from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.util.retry import Retry

from pbf.concurrency.deadline import is_over

RETRIES = 2


class GetOnly(Retry):
    """Retries of GET after a lost connection or a 5xx; not after a timeout, which took long."""

    def increment(self, method: str | None = None, *args: Any, **kwargs: Any) -> "GetOnly":
        """Return the remaining retries, or raise the error."""
        error = kwargs.get("error")
        if isinstance(error, ReadTimeoutError):
            raise error
        # urllib3 counts a refused connection as a timeout, although it takes no time.
        slow = isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError)
        if is_over() or (error is not None and (method != "GET" or slow)):
            raise MaxRetryError(kwargs["_pool"], args[0] if args else kwargs.get("url"), error)
        return super().increment(method, *args, **kwargs)


RETRY_POLICY = GetOnly(
    total=RETRIES,
    allowed_methods={"GET"},
    status_forcelist={500, 502, 503, 504},
    backoff_factor=0.2,
    backoff_jitter=0.2,
    respect_retry_after_header=False,
    raise_on_status=False,
)
