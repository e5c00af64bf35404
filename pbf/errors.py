"""Everything that can go wrong, as types.

PbfError
    ConfigurationError          a setting is missing or wrong
    InputError                  what the caller sent cannot be used
        InvalidName
        NameTaken
        InvalidRedirect
        UnknownService
        NotCreatable
        UnknownConnector
        NotNow
        KeyReused
        InProgress
    StoreFailed                 our own database cannot be read or written
    ApiError                    the call to Fivetran did not work
        Unreachable
            ConnectionFailed
            TimedOut
        BadAnswer
        NotApplied              Fivetran answered 200, and its answer shows no change
        ServerFailed            5xx
        ApiRejected             4xx
            InvalidRequest      400
            Unauthorized        401
            Forbidden           403
            NotFound            404
                GroupNotVisible
            Conflict            409
            RateLimited         429
                TooManyRequests     one of our own limits, before anything was sent

The text of each is one line that says what happened and what to do. It is safe to log and to
show: no header, body, key or token is ever in it.
"""


class PbfError(Exception):
    """Anything this product raises on purpose."""


class ConfigurationError(PbfError):
    """A setting is missing, half set or not of the right form."""


class InputError(PbfError):
    """What a person or program sent cannot be used; nothing was done."""


class InvalidName(InputError):
    """No valid permanent name can be made of what was typed."""


class NameTaken(InputError):
    """Another connector of the group has that permanent name.

    `free` is the next name that is not taken.
    """

    def __init__(self, message: str, *, free: str) -> None:
        """Keep the name that may be used instead."""
        super().__init__(message)
        self.free = free


class InvalidRedirect(InputError):
    """The page to come back to lies outside the allowed origins."""


class UnknownService(InputError):
    """No service of that id is in the catalogue."""


class NotCreatable(InputError):
    """The API cannot create connectors of that service."""


class UnknownConnector(InputError):
    """No connector of that id is in the tenant's group."""


class NotNow(InputError):
    """The connector's present state does not allow it; the text says what to do first."""


class KeyReused(InputError):
    """An idempotency key came a second time, with another wish."""


class InProgress(InputError):
    """The same attempt is at work elsewhere; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        """Keep the number of seconds to wait."""
        super().__init__(message)
        self.retry_after = retry_after


class StoreFailed(PbfError):
    """Our own database cannot be read or written; nothing was begun that it should have kept."""


class ApiError(PbfError):
    """A call to Fivetran did not give a usable answer."""


class Unreachable(ApiError):
    """No answer came; a write may have happened all the same."""


class ConnectionFailed(Unreachable):
    """The connection was refused, dropped, or the host was not found."""


class TimedOut(Unreachable):
    """No answer came within the timeout."""


class BadAnswer(ApiError):
    """The answer is not JSON, or not of the documented shape."""


class NotApplied(ApiError):
    """Fivetran took a change, but its answer shows that it did not make it."""


class ServerFailed(ApiError):
    """5xx: Fivetran failed; a write may have happened all the same."""


class ApiRejected(ApiError):
    """4xx: Fivetran understood the call and refused it."""


class InvalidRequest(ApiRejected):
    """400: a value is missing or wrong."""


class Unauthorized(ApiRejected):
    """401: the API key or its secret is wrong."""


class Forbidden(ApiRejected):
    """403: the key may not do that."""


class NotFound(ApiRejected):
    """404: no such thing, or not visible to this key."""


class GroupNotVisible(NotFound):
    """404: the configured group does not exist, or not for this key."""


class Conflict(ApiRejected):
    """409: the present state does not allow it."""


class RateLimited(ApiRejected):
    """429: too many requests; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        """Keep the number of seconds to wait, and say it after the message."""
        unit = "second" if retry_after == 1 else "seconds"
        wait = (
            f"{retry_after} {unit}" if retry_after < 120 else f"{round(retry_after / 60)} minutes"
        )
        super().__init__(f"{message} Try again in {wait}.")
        self.retry_after = retry_after


class TooManyRequests(RateLimited):
    """One of our own limits on requests or creations; nothing was sent to Fivetran."""
