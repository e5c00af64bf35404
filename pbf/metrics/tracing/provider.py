"""The spans of Flask, requests and SQLAlchemy, and what of them leaves the process."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Self

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.sqlalchemy.engine import EngineTracer
from opentelemetry.instrumentation.threading import ThreadingInstrumentor
from opentelemetry.metrics import NoOpMeter
from opentelemetry.propagate import set_global_textmap
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from pbf import __version__

ROUTE = "http.route"
# Attributes without anything from outside. Others hold addresses of Connect Cards, headers, queries
# and statements; events and descriptions of errors quote their values.
ALLOWED = frozenset(
    {
        *(ROUTE, "http.method", "http.status_code", "db.system"),
        # With OTEL_SEMCONV_STABILITY_OPT_IN.
        *("http.request.method", "http.response.status_code", "db.system.name"),
    }
)


class AllowedOnly(SpanExporter):
    """Exports of each span what is allowed."""

    def __init__(self, exporter: SpanExporter) -> None:
        """Pass spans on to another exporter."""
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export spans without what is not allowed."""
        return self._exporter.export([_reduced(span) for span in spans])

    def shutdown(self) -> None:
        """End the other exporter."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have the other exporter send what it holds."""
        return self._exporter.force_flush(timeout_millis)


class Tracing:
    """Makes spans, and has libraries make them."""

    def __init__(self, processor: SpanProcessor) -> None:
        """Hand each span that ends to a processor."""
        name = os.environ.get("OTEL_SERVICE_NAME", "pbf")
        resource = Resource.create({SERVICE_NAME: name, SERVICE_VERSION: __version__})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(__name__, __version__)
        # The default would also pass the callers' own header `baggage` on to Fivetran.
        set_global_textmap(TraceContextTextMapPropagator())
        RequestsInstrumentor().instrument(tracer_provider=self._provider)
        ThreadingInstrumentor().instrument()

    @classmethod
    def to_collector(cls) -> Self:
        """Return what sends spans by OTLP over HTTP to the address in the environment."""
        return cls(BatchSpanProcessor(AllowedOnly(OTLPSpanExporter())))

    def span(self, name: str) -> AbstractContextManager[object]:
        """Return a block whose calls belong to a span."""
        return self._tracer.start_as_current_span(name)

    def trace_routes(self, app: Any) -> None:
        """Give each request to a Flask app a span."""
        FlaskInstrumentor.instrument_app(  # type: ignore[no-untyped-call]
            app, tracer_provider=self._provider
        )

    def trace_queries(self, engine: Any) -> None:
        """Give each statement of an SQLAlchemy engine a span."""
        unused = NoOpMeter(__name__).create_up_down_counter("connections")
        EngineTracer(self._tracer, engine, unused)  # type: ignore[no-untyped-call]

    def stop(self) -> None:
        """Send what is held, and let the libraries make no more spans."""
        RequestsInstrumentor().uninstrument()
        ThreadingInstrumentor().uninstrument()
        self._provider.shutdown()


def _reduced(span: ReadableSpan) -> ReadableSpan:
    attributes = {key: text for key, text in (span.attributes or {}).items() if key in ALLOWED}
    is_known = span.kind is not SpanKind.SERVER or ROUTE in attributes
    return ReadableSpan(
        # A request of no route is named by its path.
        name=span.name if is_known else "no route",
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
