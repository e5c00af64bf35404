"""The errors of the imitated API: a status, a code and a message.

SandboxError
+-- Unauthorised          401
+-- Forbidden             403
+-- InvalidInput          400
|   +-- NotConnected      400, or what the sandbox assumes
+-- NotFound              404, the code names the kind of resource
+-- Conflict              409
+-- NotAcceptable         406
+-- UnsupportedMediaType  415
+-- TooManyRequests       429, with the seconds to wait
+-- NotImitated           501
"""


class SandboxError(Exception):
    """Any response other than success."""

    status = 500
    code = "InternalServerError"

    def __init__(self, message: str, *, code: str | None = None, status: int | None = None) -> None:
        """Set the message, and a code or status if it differs from the class's."""
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status

    def headers(self) -> dict[str, str]:
        """Return the headers that go with this error."""
        return {}


class Unauthorised(SandboxError):
    """401: the credentials are missing, malformed or wrong."""

    status = 401
    code = "AuthFailed"

    def headers(self) -> dict[str, str]:
        """Return the challenge that a 401 must carry."""
        return {"WWW-Authenticate": 'Basic realm="Fivetran sandbox"'}


class Forbidden(SandboxError):
    """403: the caller may not do that."""

    status = 403
    code = "Forbidden"


class InvalidInput(SandboxError):
    """400: the request is malformed, or a field is missing or wrong."""

    status = 400
    code = "InvalidInput"


class NotConnected(InvalidInput):
    """400: the connection has not passed its setup tests, or is broken."""

    def __init__(self, state: str, *, status: int | None = None) -> None:
        """Set the message for a connection's setup state."""
        super().__init__(
            "We expected the connector's setup state ('status.setup_state') to be 'connected', "
            f"but it was '{state}'. Please configure the connector and perform the setup tests.",
            status=status,
        )


class NotFound(SandboxError):
    """404: the resource does not exist."""

    status = 404
    code = "NotFound"

    @classmethod
    def of(cls, kind: str, name: str) -> "NotFound":
        """Return the error for a resource of a kind with an id."""
        return cls(f"{kind} with id '{name}' does not exist.", code=f"NotFound_{kind}")

    @classmethod
    def entity(cls, kind: str, name: str) -> "NotFound":
        """Return the error for a schema, table or column with a name."""
        return cls(f"Cannot find entity '{kind}' with name '{name}'", code=f"NotFound_{kind}")


class Conflict(SandboxError):
    """409: the request conflicts with the present state."""

    status = 409
    code = "Conflict"


class NotImitated(SandboxError):
    """501: Fivetran supports this, the sandbox does not."""

    status = 501
    code = "NotImplemented"


class NotAcceptable(SandboxError):
    """406: the caller accepts something other than JSON."""

    status = 406
    code = "NotAcceptable"


class UnsupportedMediaType(SandboxError):
    """415: a body came without `Content-Type: application/json`."""

    status = 415
    code = "UnsupportedMediaType"


class TooManyRequests(SandboxError):
    """429: the hour's requests are used up."""

    status = 429
    code = "TooManyRequests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        """Set the message, which names the limit, and the seconds to wait."""
        super().__init__(message)
        self.retry_after = retry_after

    def headers(self) -> dict[str, str]:
        """Return the seconds to wait."""
        return {"Retry-After": str(self.retry_after)}
