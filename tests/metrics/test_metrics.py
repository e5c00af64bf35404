"""The metrics: what they say, that they hold nothing from outside, and that they are described."""

import re
import socket
import urllib.request

import pytest
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from prometheus_client.samples import Sample

import pbf
from pbf.errors import ConfigurationError
from pbf.metrics.exposition import serve_metrics
from pbf.metrics.instruments import METHODS, _Reader, count_refusal, start_counting
from pbf.runtime import Runtime
from pbf.runtime.metrics import RuntimeCollector
from pbf.store.migrations import HEAD
from tests.support.metrics import metric_names
from tests.support.servers import ROOT

WORD = re.compile(r"_?[A-Za-z][A-Za-z_ ]{0,39}")
# What may have other values than words of our own code.
OTHERS = {
    "route": re.compile(r"none|/_(/([a-z0-9.-]+|<[a-z_]+>))*/?"),
    "status": re.compile(r"[1-5][0-9][0-9]"),
    "le": re.compile(r"[0-9.]+|\+Inf"),
    "version": re.compile(re.escape(pbf.__version__)),
    "schema": re.compile(r"[0-9]{4}"),
}


@pytest.fixture(autouse=True)
def counting(monkeypatch):
    """Requests are counted as if there were a port for the metrics."""
    monkeypatch.setattr(_Reader, "is_there", False)
    start_counting()


def samples(runtime: Runtime | None = None) -> list[Sample]:
    """Every sample of ours that a scrape would read."""
    collector = RuntimeCollector(lambda: runtime)
    collector.read_store()
    families = [*REGISTRY.collect(), *collector.collect()]
    return [one for family in families for one in family.samples if one.name.startswith("pbf_")]


def value(name: str, runtime: Runtime | None = None, **labels: str) -> float:
    chosen = [one.value for one in samples(runtime) if (one.name, one.labels) == (name, labels)]
    return chosen[0] if chosen else 0.0


def test_requests_are_counted_by_the_template_of_their_route(client: FlaskClient):
    labels = {"route": "/_/connectors/<connector_id>", "method": "GET", "status": "404"}
    before = value("pbf_http_requests_total", **labels)

    client.get("/_/connectors/a-secret-id")

    assert value("pbf_http_requests_total", **labels) == before + 1


def test_without_a_port_for_the_metrics_no_request_is_counted(client: FlaskClient, monkeypatch):
    monkeypatch.setattr(_Reader, "is_there", False)
    labels = {"route": "/_/connectors", "method": "GET", "status": "200"}
    before = value("pbf_http_requests_total", **labels)

    client.get("/_/connectors")

    assert value("pbf_http_requests_total", **labels) == before


def test_the_runtime_is_read_when_it_is_asked_for(client: FlaskClient, runtime: Runtime):
    client.get("/_/connectors")

    assert value("pbf_lists", runtime) == 1
    assert value("pbf_list_items", runtime) == len(runtime.portal.connectors().items)
    assert value("pbf_fivetran_remaining", runtime) == runtime.client.latest.rate_limit.remaining
    assert value("pbf_overdue_deletions", runtime) == 0


def test_without_a_runtime_the_version_is_known():
    assert value("pbf_info", version=pbf.__version__, schema=HEAD) == 1


def test_no_label_has_a_value_from_outside(client: FlaskClient, runtime: Runtime):
    connectors = runtime.portal.connectors().items
    for path in ("/_/connectors/a-secret-id", "/_/a-secret-path", "/_/status/a-secret-token"):
        client.get(path)
        client.open(path, method="SECRET")
        client.post(path, json={"name": "a-secret"})
    client.post(f"/_/connectors/{connectors[0].id}/sync")
    client.delete(f"/_/connectors/{connectors[1].id}")
    client.post("/_/connectors", json={"service": "a-secret", "name": "a-secret"})
    count_refusal("store")
    ids = {one.id for one in connectors} | {runtime.portal.tenant.group_id}

    for sample in samples(runtime):
        for label, text in sample.labels.items():
            assert OTHERS.get(label, WORD).fullmatch(text), (sample.name, text)
            assert text not in ids
            assert "secret" not in text.lower()
            assert label != "method" or text in METHODS | {"other"}


def test_the_metrics_are_served_on_a_port_of_their_own(runtime: Runtime):
    collector = RuntimeCollector(lambda: runtime)
    port = serve_metrics("127.0.0.1", 0, collector)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as response:
            text = response.read().decode()
    finally:
        REGISTRY.unregister(collector)

    assert f'pbf_info{{schema="{HEAD}",version="{pbf.__version__}"}} 1.0' in text


def test_a_port_in_use_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port}. Set PBF_METRICS_PORT"):
            serve_metrics("127.0.0.1", port)


def test_the_document_lists_every_metric_and_no_other(client: FlaskClient, runtime: Runtime):
    client.get("/_/connectors")
    table = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `(pbf_[a-z_]+)", table, re.MULTILINE))

    assert described == {name for name in metric_names(runtime) if name.startswith("pbf_")}
