"""Logs: one JSON object per line, with the id of its request and without secrets.

Secrets are removed when a record is created, so that no handler of any library sees them. An error
is logged with its traceback, but its text only if its type is known to contain no secret.
"""

import json
import logging
import secrets
import sys
import threading
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from pbf.errors import PbfError
from pbf.redaction import escape_controls, redact

# The text of any other error may quote a request, a response or what a person typed.
SAFE_TO_LOG = (PbfError, ImportError, NameError, AttributeError)

log = logging.getLogger("pbf")
_id: ContextVar[str] = ContextVar("request_id", default="")
_tenant: ContextVar[str] = ContextVar("tenant_id", default="")


def begin_request() -> str:
    """Begin a request or the run of a page, and return the id for its log lines."""
    new_id = secrets.token_hex(6)
    _id.set(new_id)
    _tenant.set("")
    return new_id


def request_id() -> str:
    """Return the id of the present request; empty outside of a request."""
    return _id.get()


def set_tenant(tenant_id: str) -> None:
    """Name the tenant for whom this thread works now in its log lines."""
    _tenant.set(tenant_id)


def new_record(*args: Any, **options: Any) -> logging.LogRecord:
    """Return a record without secrets in its text, arguments and traceback."""
    record = logging.LogRecord(*args, **options)
    record.request_id, record.tenant_id = request_id(), _tenant.get()
    text = _text(record)
    clean = redact(text)
    if clean != text and isinstance(record.args, tuple):
        # One by one, since some formatters read them by position.
        record.args = tuple(redact(arg) if isinstance(arg, str) else arg for arg in record.args)
    if _text(record) != clean:
        record.msg, record.args = clean, ()
    if record.exc_info and record.exc_info[1]:
        record.exc_text = redact("".join(_traceback(record.exc_info[1], set())))
    record.exc_info = None
    if record.stack_info:
        record.stack_info = redact(record.stack_info)
    return record


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields: dict[str, str] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _text(record),
        }
        if request_id := getattr(record, "request_id", ""):
            fields["request_id"] = request_id
        if tenant_id := getattr(record, "tenant_id", ""):
            fields["tenant"] = tenant_id
        if record.exc_text:
            fields["traceback"] = record.exc_text
        # JSON itself escapes only the ASCII control characters.
        return escape_controls(json.dumps(fields, ensure_ascii=False))


def set_up() -> None:
    """Set up logging for all loggers of the process, warnings and uncaught errors."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for logger in logging.root.manager.loggerDict.values():
        # Otherwise Streamlit and its server bypass the root logger, with formats of their own.
        if isinstance(logger, logging.Logger) and logger.handlers:
            logger.handlers, logger.propagate = [], True
    # Streamlit gives it a handler, which uvicorn removes again. It logs a line for every socket.
    server_errors = logging.getLogger("uvicorn.error")
    server_errors.propagate = True
    server_errors.setLevel(logging.WARNING)
    # urllib3 logs a line for every request to Fivetran, which is of no use.
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    logging.setLogRecordFactory(new_record)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, (KeyboardInterrupt, SystemExit)):
        return
    log.critical("ended unexpectedly", exc_info=(kind, error, trace))


def _traceback(error: BaseException, seen: set[int]) -> Iterator[str]:
    """Yield the traceback and type of an error and of its causes."""
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _traceback(before, seen)
        yield "\nwhich led to:\n\n"
    yield from traceback.format_tb(error.__traceback__)
    text = f": {error}" if isinstance(error, SAFE_TO_LOG) else ""
    yield f"{type(error).__module__}.{type(error).__qualname__}{text}\n"
    for member in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield "\namong them:\n\n"
        yield from _traceback(member, seen)


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # the arguments do not fit the message
        return str(record.msg)
