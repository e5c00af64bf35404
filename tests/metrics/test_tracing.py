"""Traces: one from a route or a page to Fivetran, nothing secret in them, and no cost without."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from pbf.errors import ConfigurationError, StoreFailed
from pbf.metrics.tracing import spans
from pbf.metrics.tracing.provider import AllowedOnly, Tracing
from pbf.runtime import Runtime
from tests.support.servers import ROOT, clean_environment

CANARY = "canary-7d1f"


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    """The spans that leave the process; requested before what they are about."""
    exporter = InMemorySpanExporter()
    tracing = Tracing(SimpleSpanProcessor(AllowedOnly(exporter)))
    spans.use(tracing)
    yield exporter
    spans.use(None)
    tracing.stop()


def names(exporter: InMemorySpanExporter) -> list[str]:
    return [span.name for span in exporter.get_finished_spans()]


def trace_of(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    """The spans of the trace that begins with a span."""
    finished = exporter.get_finished_spans()
    (first,) = (span for span in finished if span.name == name and span.parent is None)
    return [span for span in finished if span.context.trace_id == first.context.trace_id]


def test_a_route_is_one_trace_down_to_the_request_to_fivetran(exported, client: FlaskClient):
    body = {"service": "google_ads", "name": "ads"}

    created = client.post("/_/connectors", json=body)

    trace = {span.name: span for span in trace_of(exported, "POST /_/connectors")}
    route, call, request = (
        trace[name] for name in ("POST /_/connectors", "Fivetran POST /connections", "POST")
    )
    assert created.status_code == 200
    assert call.parent.span_id == route.context.span_id
    assert request.parent.span_id == call.context.span_id
    assert request.attributes["http.status_code"] == 201
    assert any(name.startswith("INSERT") for name in trace)


@pytest.mark.usefixtures("runtime")
def test_a_page_is_one_trace_down_to_the_request_to_fivetran(exported):
    AppTest.from_file(ROOT / "pbf" / "menu.py", default_timeout=30).run()

    trace = {span.name: span for span in trace_of(exported, "page overview")}
    (call,) = (trace[name] for name in trace if name == "Fivetran GET /groups/{id}/connections")
    requests = [span for span in trace_of(exported, "page overview") if span.name == "GET"]
    assert call.context.span_id in [span.parent.span_id for span in requests]


def test_spans_hold_nothing_from_outside(exported, client: FlaskClient, runtime: Runtime):
    headers = {"User-Agent": CANARY, "X-Canary": CANARY, "baggage": f"k={CANARY}"}
    connector = client.post(
        "/_/connectors", json={"service": "google_ads", "name": CANARY}, headers=headers
    ).json
    form = client.get(f"/_/connectors/{connector['id']}/form", headers=headers).json
    for path in (
        f"/_/connectors?q={CANARY}",
        f"/_/nowhere/{CANARY}",
        f"/_/go/{CANARY}",
        f"/{CANARY}",
    ):
        client.get(path, headers=headers)
    with pytest.raises(StoreFailed), runtime.store._database.session() as session:
        session.execute(text(f"INSERT INTO missing VALUES ('{CANARY}')"))
    with pytest.raises(ZeroDivisionError), spans.span("page"):
        raise ZeroDivisionError(CANARY)

    written = "".join(span.to_json() for span in exported.get_finished_spans())

    card = form["url"].rpartition("/")[2]
    for secret in (
        CANARY,
        runtime.settings.api_key,
        runtime.settings.api_secret,
        card,
        "127.0.0.1",
    ):
        assert secret not in written
    assert "no route" in names(exported)


def test_nothing_is_imported_without_an_address_for_traces():
    program = (
        "import sys; from pbf.metrics.tracing.spans import start_tracing; start_tracing();"
        "import pbf.proxy; print([name for name in sys.modules if 'opentelemetry' in name])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=clean_environment(OTEL_EXPORTER_OTLP_ENDPOINT=""),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert done.stdout == "[]\n"


def test_without_the_packages_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "pbf.metrics.tracing.provider", None)

    with pytest.raises(ConfigurationError, match=r"Install pbf\[tracing\]"):
        spans.start_tracing()
