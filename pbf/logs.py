"""Logs: a JSON object a line, with the id of the request it is about, and no secret in any.

A record is cleared of secrets as it is made, so that no handler of whatever library gets them. Of
an error the log has the way it took; of its text only where we know who wrote that.
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
from pbf.redaction import redact, visible

# The text of any other error may quote anything: a body, an answer, what somebody typed.
HARMLESS = (PbfError, ImportError, NameError, AttributeError)

log = logging.getLogger("pbf")
_id: ContextVar[str] = ContextVar("request_id", default="")


def begin_request() -> str:
    """Begin a request, or the run of a page, and return the id that its log lines bear."""
    made = secrets.token_hex(6)
    _id.set(made)
    return made


def end_request() -> None:
    """End what has begun."""
    _id.set("")


def request_id() -> str:
    """Return the id of what is going on; empty outside of any request."""
    return _id.get()


class NoSecrets(logging.Filter):
    """Clears each record of secrets: its text, what is put into it, and its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Clear a record, and let it pass."""
        if not hasattr(record, "request_id"):
            record.request_id = request_id()
        text = _text(record)
        clean = redact(text)
        if clean != text and isinstance(record.args, tuple):
            # One by one, as some formatters read them by their place.
            record.args = tuple(redact(arg) if isinstance(arg, str) else arg for arg in record.args)
        if _text(record) != clean:
            record.msg, record.args = clean, ()
        if record.exc_info and record.exc_info[1]:
            record.exc_text = redact("".join(_way(record.exc_info[1], set())))
        record.exc_info = None
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said: dict[str, str] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(_text(record)),
        }
        if known := getattr(record, "request_id", ""):
            said["request_id"] = known
        if record.exc_text:
            said["traceback"] = record.exc_text
        # JSON itself escapes the ASCII control characters only.
        return visible(json.dumps(said, ensure_ascii=False))


def set_up() -> None:
    """Let this process log so: what there is of loggers, what comes, warnings, and what fails."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    handler.addFilter(NoSecrets())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for logger in logging.root.manager.loggerDict.values():
        # Streamlit and its server write past the root otherwise, in forms of their own.
        if isinstance(logger, logging.Logger) and logger.handlers:
            logger.handlers, logger.propagate = [], True
    # Each request to Fivetran is a line of urllib3's and of no use to anybody.
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    logging.setLogRecordFactory(_cleared)
    logging.captureWarnings(True)
    sys.excepthook = _ended
    threading.excepthook = lambda args: _ended(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )


def _cleared(*args: Any, **options: Any) -> logging.LogRecord:
    record = logging.LogRecord(*args, **options)
    NoSecrets().filter(record)
    return record


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, (KeyboardInterrupt, SystemExit)):
        return
    log.critical("ended unexpectedly", exc_info=(kind, error, trace))


def _way(error: BaseException, told: set[int]) -> Iterator[str]:
    """Yield lines on where an error came from, what led to it, and of what type each is."""
    told.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in told:
        yield from _way(before, told)
        yield "\nwhich led to:\n\n"
    yield from traceback.format_tb(error.__traceback__)
    text = f": {error}" if isinstance(error, HARMLESS) else ""
    yield f"{type(error).__module__}.{type(error).__qualname__}{text}\n"
    for one in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield "\namong them:\n\n"
        yield from _way(one, told)


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # a message that its arguments do not fit
        return str(record.msg)
