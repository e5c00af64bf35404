"""The benchmarks run, print their figures, and send load to loopback addresses only."""

import json
import shutil
import socket
import subprocess
import sys
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from bench import figures, load, many_sessions
from bench.__main__ import AREAS, area
from bench.compare import main as compare
from bench.figures import Figure, against, in_turns, table
from bench.load import Load, NotLoopback, by_threads, check_loopback, measure
from bench.relay import Line, Relay
from bench.routes import growth
from bench.scale import TINY, Scale
from tests.support.servers import clean_environment, json_api
from tests.support.variants import exhaustive

WHICH = shutil.which


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory):
    """The routes served alone on a sandbox."""
    with json_api(tmp_path_factory.mktemp("alone")) as url:
        yield url


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        pytest.param(Figure("a", "b", 9, "ms", 10, 0.9, at_most=0.9), "holds", id="at-the-bound"),
        pytest.param(Figure("a", "b", 9, "ms", 9, 1.0, at_most=0.9), "falls short", id="over"),
        pytest.param(Figure("a", "b", 9, "/s", 9, 1.0, at_least=0.9), "holds", id="fast"),
        pytest.param(Figure("a", "b", 8, "/s", 10, 0.8, at_least=0.9), "falls short", id="slow"),
        pytest.param(Figure("a", "b", 9, "ms", at_most=10), "holds", id="value-alone"),
        pytest.param(Figure("a", "b", 2, "MB", floor=0, at_most=3), "holds", id="floor-of-zero"),
        pytest.param(Figure("a", "b", 9, "ms"), "", id="no-bound"),
    ],
)
def test_a_figure_says_whether_its_bound_holds(figure, verdict):
    assert figure.verdict == verdict


def test_the_ratio_is_the_median_of_the_rounds_ratios():
    figure = against("a", "b", "ms", [(10, 10), (30, 10), (20, 10)])

    assert (figure.value, figure.floor, figure.ratio) == (20, 10, 2)


def test_rounds_alternate_the_order_and_drop_the_warm_up():
    order = []

    def measured(name: str, value: float) -> float:
        order.append(name)
        return value

    pairs = in_turns(
        Scale(rounds=2), lambda: measured("product", 1.0), lambda: measured("floor", 2.0)
    )

    assert pairs == [(1.0, 2.0)] * 2
    assert order == ["product", "floor", "floor", "product", "product", "floor"]


def test_the_table_names_area_value_floor_ratio_bound_and_verdict():
    lines = table([Figure("Area", "what", 1234.5, "ms", 1000, 1.2345, at_most=1.25)]).splitlines()

    assert lines[-2] == "Area"
    assert lines[-1].split() == ["what", "1,234.5", "ms", "1,000.0", "1.23", "<=", "1.25", "holds"]


def test_figures_are_written_with_the_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "RESULTS", tmp_path / "results.json")

    figures.write([Figure("Area", "what", 1.0, "ms", at_most=2)], 12.3)

    results = json.loads((tmp_path / "results.json").read_text())
    assert {"processors", "python", "streamlit", "load"} <= set(results["machine"])
    assert results["figures"][0]["verdict"] == "holds"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])
def test_loopback_addresses_are_accepted(url):
    check_loopback(url)


@pytest.mark.parametrize("url", ["http://example.com", "http://10.0.0.1:3000", "http://", "x"])
def test_other_addresses_are_rejected(url, capsys):
    with pytest.raises(NotLoopback):
        measure(url, callers=1, seconds=1)
    assert compare([url]) == 1
    assert "loopback addresses only" in capsys.readouterr().err


def test_load_is_measured_without_wrk(product, monkeypatch):
    monkeypatch.setattr(load.shutil, "which", _without_wrk)

    result = measure(f"{product}/_/services", callers=2, seconds=0.2, headers={"A": "b"})

    assert result.rate > 0
    assert 0 < result.p50 <= result.p99


def _without_wrk(name: str) -> str | None:
    return None if name == "wrk" else WHICH(name)


def test_failing_requests_raise_an_error(product):
    with pytest.raises(RuntimeError, match="answered 404"):
        by_threads(f"{product}/_/nothing", 1, 0.1, {})


def test_another_server_is_measured_at_the_same_routes(product, capsys):
    assert compare([product, "--rounds", "1", "--seconds", "0.2"]) == 0

    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[:2] for line in lines] == [
        ["/_/services", "1"],
        ["/_/services", "32"],
        ["/_/connectors", "1"],
        ["/_/connectors", "32"],
    ]


def test_the_output_of_wrk_is_parsed(monkeypatch, tmp_path):
    output = "    50%  379.00us\n    99%    1.13s\nRequests/sec:   2356.66\n"
    program = tmp_path / "wrk"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{output}END\n")
    program.chmod(0o700)
    monkeypatch.setattr(load.shutil, "which", lambda name: str(program))

    result = measure("http://127.0.0.1:1/x", callers=1, seconds=1)

    assert result == Load(rate=2356.66, p50=0.379, p99=1130.0)


def through(relay: Relay, url: str) -> socket.socket:
    """Return a connection to a server of this machine that a relay has made."""
    host, port = urlsplit(url).hostname.encode(), urlsplit(url).port
    connection = socket.create_connection(("127.0.0.1", urlsplit(relay.url).port))
    connection.sendall(bytes([5, 1, 0, 5, 1, 0, 3, len(host)]) + host + port.to_bytes(2))
    with connection.makefile("rb") as stream:
        status = stream.read(12)[3]
    if status:
        connection.close()
        raise ConnectionRefusedError(status)
    return connection


def test_the_relay_counts_the_bytes_to_the_browser(product):
    request = b"GET /_/services HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n"
    with Relay() as relay, through(relay, product) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as stream:
            answer = stream.read()

    assert answer.startswith(b"HTTP/1.0 200")
    assert relay.received == len(answer) > 10_000


def test_the_relay_waits_as_long_as_a_line_takes(product, monkeypatch):
    waits = []
    clock = SimpleNamespace(sleep=waits.append, monotonic=lambda: 0.0)
    monkeypatch.setattr("bench.relay.time", clock)
    with Relay(Line(bits=8_000, round_trip=0.5)) as relay, through(relay, product) as connection:
        connection.sendall(b"GET /_/healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        with connection.makefile("rb") as stream:
            stream.read()

    assert waits[0] == 0.5
    assert waits[-1] == pytest.approx(relay.received / 1_000)


def test_the_relay_leads_to_this_machine_alone():
    with Relay() as relay, pytest.raises(ConnectionRefusedError):
        through(relay, "http://fivetran.example:80")


# The pages alone take a minute on two busy processors.
@pytest.mark.timeout(480)
@pytest.mark.parametrize(
    "name",
    [
        exhaustive("memory"),
        "history",
        exhaustive("watching"),
        exhaustive("routes"),
        exhaustive("history_pages"),
        exhaustive("pages"),
        exhaustive("first_screen"),
        exhaustive("sign_in"),
    ],
)
def test_an_area_can_be_measured(name):
    process = subprocess.run(
        [sys.executable, "-m", "bench", name, "--tiny"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    assert process.stdout.count("\n") > 3


def test_the_routes_are_compared_with_bare_ones():
    (figure,) = growth(TINY)

    assert (figure.value > 0, figure.floor > 0) == (True, True)


def test_each_area_has_a_measuring_function():
    assert all(area(name) for name in AREAS)


def test_an_unknown_area_is_rejected():
    process = subprocess.run(
        [sys.executable, "-m", "bench", "nonsense"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 2
    assert "there is no nonsense" in process.stderr


@pytest.mark.exhaustive
def test_sessions_on_several_processes_can_be_measured():
    measured = list(many_sessions.figures(many_sessions.SMALL))

    held = [figure.what for figure in measured if figure.verdict == "holds"]
    assert held[-2:] == ["4 sessions: requests an hour", "until all processes show a change"]
    assert all(figure.value > 0 for figure in measured)
