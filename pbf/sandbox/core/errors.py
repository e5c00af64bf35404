"""The errors of the imitated API: a status, a code and a message.

SandboxError
+-- Forbidden             403
+-- InvalidInput          400
|   +-- NotConnected      400, or what the sandbox assumes
+-- NotFound              404, the code names the kind of resource
+-- Conflict              409
"""

from collections.abc import Mapping

# Kinds of resources that no code of their own names.
PLAIN = frozenset({"User", "Webhook"})


class SandboxError(Exception):
    """Any response other than success; an error that one place raises needs no class."""

    status = 500
    code = "InternalServerError"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Set the message, the headers, and a code or status if it differs from the class's."""
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status
        self.headers = headers or {}


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
        code = cls.code if kind in PLAIN else f"NotFound_{kind}"
        return cls(f"{kind} with id '{name}' does not exist.", code=code)

    @classmethod
    def entity(cls, kind: str, name: str) -> "NotFound":
        """Return the error for a schema, table or column with a name."""
        return cls(f"Cannot find entity '{kind}' with name '{name}'", code=f"NotFound_{kind}")


class Conflict(SandboxError):
    """409: the request conflicts with the present state."""

    status = 409
    code = "Conflict"
