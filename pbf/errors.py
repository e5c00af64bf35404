"""The error tree.

PbfError
    ConfigurationError          a setting is missing or invalid
        InvalidPolicy
    InputError                  the caller's input is invalid
        InvalidName
        NameTaken
        InvalidRedirect
        UnknownService
        NotCreatable
        UnknownConnector
        UnknownLink
        UnknownTenant
        UnknownItem
        UnknownChannel
        InvalidChannel
        LimitReached
        NotAllowed
        NotPermitted
        NotNow
        KeyReused
        InProgress
    NotSignedIn                 the caller has no session, or it has ended
        InvalidToken            the caller's API token is wrong, expired or revoked
    SignInFailed                a person could not be signed in
        ProviderUnavailable
        SignInRefused
        SignInExpired
        UnknownSignIn
        UntrustedToken          a token is forged, expired, used already or for somebody else
    InvalidSignature            a webhook is not signed with our secret
    StoreFailed                 our own database cannot be read or written
    ShuttingDown                this process is about to end and starts no new write
    NotDelivered                a channel did not take a notification
    ApiError                    a call to Fivetran failed
        Unreachable
            ConnectionFailed
            TimedOut
        BadAnswer
        NotApplied              Fivetran answered 200, but the change is missing
        ServerFailed            5xx
        ApiRejected             4xx
            InvalidRequest      400
            Unauthorized        401
            Forbidden           403
            NotFound            404
                GroupNotVisible
            Conflict            409
            RateLimited         429
                FivetranBusy        enough threads wait for Fivetran; nothing was sent
                TooManyRequests     one of our own limits; nothing was sent

The text of each error is one line that says what happened and what to do. It is safe to log and to
show: it contains no header, body, key or token.
"""

NOT_SET_UP = (
    "Your data source account is not set up correctly. Contact the people who run this dashboard."
)


class PbfError(Exception):
    """The base class of all errors of this product.

    `FOR_TENANTS` replaces a text that names settings or the account.
    """

    FOR_TENANTS = ""

    @property
    def for_tenants(self) -> str:
        """The text for people of a tenant, who do not run the dashboard."""
        return self.FOR_TENANTS or str(self)


class ConfigurationError(PbfError):
    """A setting is missing or invalid."""


class InvalidPolicy(ConfigurationError):
    """A policy file cannot be used; the text names the file, the line and the mistake."""


class InputError(PbfError):
    """The input of a person or program is invalid; nothing was done."""


class InvalidName(InputError):
    """No valid permanent name can be made from the typed name."""


class NameTaken(InputError):
    """Another connector of the group has the same permanent name.

    `free` is the next free name.
    """

    def __init__(self, message: str, *, free: str) -> None:
        """Store the name that can be used instead."""
        super().__init__(message)
        self.free = free


class InvalidRedirect(InputError):
    """The redirect_uri is invalid or outside the allowed origins."""


class UnknownService(InputError):
    """The catalogue has no service with that id."""


class NotCreatable(InputError):
    """Fivetran's API cannot create connectors of that service."""


class UnknownId(InputError):
    """Nothing of the caller's has that id."""


class UnknownConnector(UnknownId):
    """The tenant's group has no connector with that id."""


class UnknownLink(UnknownId):
    """The connector has no such link for a colleague, or it ended."""


class UnknownTenant(UnknownId):
    """There is no tenant with that id, or no longer."""


class UnknownItem(UnknownId):
    """The tenant has no such member, invitation, session or token."""


class UnknownChannel(UnknownId):
    """The tenant or person has no channel with that id, or no such message."""


class InvalidChannel(InputError):
    """An address or another value of a channel cannot be used."""


class LimitReached(InputError):
    """No more are allowed: connectors, links of one connector, or channels."""


class NotAllowed(InputError):
    """The policy does not allow it."""


class NotPermitted(InputError):
    """The caller's role does not allow it."""


class NotNow(InputError):
    """The present state does not allow the action; the text says what to do first."""


class KeyReused(InputError):
    """An idempotency key was used again for a different request."""


class InProgress(InputError):
    """The same request is already being processed; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        """Store the number of seconds to wait."""
        super().__init__(message)
        self.retry_after = retry_after


class NotSignedIn(PbfError):
    """The caller has no session, or it has ended."""


class InvalidToken(NotSignedIn):
    """The caller's API token is wrong, expired or revoked."""


class SignInFailed(PbfError):
    """A person could not be signed in; the text says why without naming any account."""


class ProviderUnavailable(SignInFailed):
    """The sign-in provider does not answer, or its answer has not the documented form."""


class SignInRefused(SignInFailed):
    """The sign-in provider refused, or the person cancelled."""


class SignInExpired(SignInFailed):
    """More time passed between the start of sign-in and its end than is allowed."""


class UnknownSignIn(SignInFailed):
    """Sign-in was not started in this browser, or it has ended already."""


class UntrustedToken(SignInFailed):
    """A token is forged, expired, used already, or meant for somebody else."""


class InvalidSignature(PbfError):
    """A webhook is not signed with our secret; it had no effect."""


class StoreFailed(PbfError):
    """Our own database cannot be read or written; nothing was started that it should record.

    `retry_after` is in seconds.
    """

    retry_after = 2

    FOR_TENANTS = (
        "Our own database cannot be read or written. Try again in a moment. If it stays so, "
        "contact the people who run this dashboard."
    )


class ShuttingDown(PbfError):
    """This process is about to end and starts no new write; `retry_after` is in seconds."""

    def __init__(self, *, retry_after: int) -> None:
        """Store the number of seconds to wait."""
        super().__init__(
            "This server is being restarted, so nothing was changed. Try again in a moment."
        )
        self.retry_after = retry_after


class NotDelivered(PbfError):
    """A channel did not take a notification; the text does not quote its address."""


class ApiError(PbfError):
    """A call to Fivetran returned no usable answer."""


class Unreachable(ApiError):
    """No answer arrived; a write may have happened nevertheless."""


class ConnectionFailed(Unreachable):
    """The connection was refused or dropped, or the host was not found."""

    FOR_TENANTS = "Fivetran cannot be reached. Try again in a moment."


class TimedOut(Unreachable):
    """No answer arrived within the timeout."""


class BadAnswer(ApiError):
    """The answer is not JSON, or does not have the documented form."""

    FOR_TENANTS = "Fivetran's answer could not be read. Try again in a moment."


class NotApplied(ApiError):
    """Fivetran accepted a change, but its answer shows that it was not made."""


class ServerFailed(ApiError):
    """5xx: Fivetran failed; a write may have happened nevertheless."""


class ApiRejected(ApiError):
    """4xx: Fivetran refused the call."""


class InvalidRequest(ApiRejected):
    """400: a value is missing or wrong."""


class Unauthorized(ApiRejected):
    """401: the API key or its secret is wrong."""

    FOR_TENANTS = NOT_SET_UP


class Forbidden(ApiRejected):
    """403: the key lacks the permission."""


class NotFound(ApiRejected):
    """404: no such thing, or not visible to this key."""


class GroupNotVisible(NotFound):
    """404: the configured group does not exist, or is not visible to this key."""

    FOR_TENANTS = NOT_SET_UP


class Conflict(ApiRejected):
    """409: the present state does not allow the action."""


class RateLimited(ApiRejected):
    """429: too many requests; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        """Store the number of seconds to wait, and append it to the message."""
        unit = "second" if retry_after == 1 else "seconds"
        wait = (
            f"{retry_after} {unit}" if retry_after < 120 else f"{round(retry_after / 60)} minutes"
        )
        super().__init__(f"{message} Try again in {wait}.")
        self.retry_after = retry_after


class FivetranBusy(RateLimited):
    """Fivetran answers slowly, and enough threads wait for it; nothing was sent."""

    def __init__(self) -> None:
        """Say when to try again."""
        text = "Fivetran answers slowly, and too many requests wait for it. Nothing was changed."
        super().__init__(text, retry_after=5)


class TooManyRequests(RateLimited):
    """One of our own limits on requests or creations; nothing was sent to Fivetran."""
