"""What the rest of the program calls: does nothing, and imports nothing, unless traces are on."""

import os
import re
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from pbf.errors import ConfigurationError

if TYPE_CHECKING:
    from pbf.metrics.tracing.provider import Tracing

# The SDK reads these and its other settings from the environment itself.
ADDRESSES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
MISSING = (
    "OTEL_EXPORTER_OTLP_ENDPOINT is set, but the packages that traces need are not installed. "
    "Install pbf[tracing] or requirements-tracing.txt, or remove the setting."
)
# Segments of Fivetran's paths are such words, except for ids.
WORD = re.compile(r"[a-z]+(-[a-z]+)*")

_tracing: "Tracing | None" = None


def start_tracing() -> None:
    """Send traces from now on, if the environment has an address for them.

    Raises ConfigurationError if the packages for it are not installed.
    """
    if not any(os.environ.get(name) for name in ADDRESSES):
        return
    try:
        from pbf.metrics.tracing.provider import Tracing
    except ImportError as exc:
        raise ConfigurationError(MISSING) from exc
    use(Tracing.to_collector())


def use(tracing: "Tracing | None") -> None:
    """Send traces in this way from now on; None for not at all."""
    global _tracing
    _tracing = tracing


def span(name: str) -> AbstractContextManager[object]:
    """Return a block whose calls belong to a span; its name holds nothing from outside."""
    return _tracing.span(name) if _tracing else nullcontext()


def fivetran_span(method: str, path: str) -> AbstractContextManager[object]:
    """Return a block with a span for a call to Fivetran, named without ids."""
    if not _tracing:
        return nullcontext()
    words = [part if WORD.fullmatch(part) else "{id}" for part in path.strip("/").split("/")]
    return _tracing.span(f"Fivetran {method} /{'/'.join(words)}")


def trace_routes(app: Any) -> None:
    """Give each request to a Flask app a span."""
    if _tracing:
        _tracing.trace_routes(app)


def trace_queries(engine: Any) -> None:
    """Give each statement of an SQLAlchemy engine a span."""
    if _tracing:
        _tracing.trace_queries(engine)
