"""Who acts, for the audit log; until there is sign-in, by which door they came."""

from contextvars import ContextVar

WHO: ContextVar[str] = ContextVar("who", default="page")
