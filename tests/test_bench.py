"""The measurements run, print what they should, and go nowhere but to this machine."""

import json
import shutil
import subprocess
import sys

import pytest

from bench import figures, load
from bench.__main__ import AREAS, area
from bench.compare import main as compare
from bench.figures import Figure, against, in_turns, table
from bench.load import Load, NotLoopback, by_threads, check_loopback, measure
from bench.relay import Relay
from bench.scale import Scale
from tests.support.servers import clean_environment, json_api

WHICH = shutil.which


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory):
    """The routes, served alone on a sandbox."""
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


def test_the_ratio_is_the_middle_of_the_ratios_of_the_rounds():
    figure = against("a", "b", "ms", [(10, 10), (30, 10), (20, 10)])

    assert (figure.value, figure.floor, figure.ratio) == (20, 10, 2)


def test_rounds_take_turns_in_who_goes_first_and_drop_the_warm_up():
    order = []

    def go(name: str, value: float) -> float:
        order.append(name)
        return value

    pairs = in_turns(Scale(rounds=2), lambda: go("ours", 1.0), lambda: go("floor", 2.0))

    assert pairs == [(1.0, 2.0)] * 2
    assert order == ["ours", "floor", "floor", "ours", "ours", "floor"]


def test_the_table_names_area_value_floor_ratio_bound_and_verdict():
    lines = table([Figure("Area", "what", 1234.5, "ms", 1000, 1.2345, at_most=1.25)]).splitlines()

    assert lines[-2] == "Area"
    assert lines[-1].split() == ["what", "1,234.5", "ms", "1,000.0", "1.23", "<=", "1.25", "holds"]


def test_figures_are_kept_with_the_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "RESULTS", tmp_path / "results.json")

    figures.write([Figure("Area", "what", 1.0, "ms", at_most=2)], 12.3)

    kept = json.loads((tmp_path / "results.json").read_text())
    assert {"processors", "python", "streamlit", "load"} <= set(kept["machine"])
    assert kept["figures"][0]["verdict"] == "holds"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])
def test_load_goes_to_this_machine(url):
    check_loopback(url)


@pytest.mark.parametrize("url", ["http://example.com", "http://10.0.0.1:3000", "http://", "x"])
def test_load_goes_to_no_other_machine(url, capsys):
    with pytest.raises(NotLoopback):
        measure(url, callers=1, seconds=1)
    assert compare([url]) == 1
    assert "loopback addresses only" in capsys.readouterr().err


def test_load_is_measured_without_wrk_too(product, monkeypatch):
    monkeypatch.setattr(load.shutil, "which", _without_wrk)

    measured = measure(f"{product}/_/services", callers=2, seconds=0.2, headers={"A": "b"})

    assert measured.rate > 0
    assert 0 < measured.p50 <= measured.p99


def _without_wrk(name: str) -> str | None:
    return None if name == "wrk" else WHICH(name)


def test_load_on_what_fails_is_no_measurement(product):
    with pytest.raises(RuntimeError, match="answered 404"):
        by_threads(f"{product}/_/nothing", 1, 0.1, {})


def test_another_server_is_measured_by_the_same_routes(product, capsys):
    assert compare([product, "--rounds", "1", "--seconds", "0.2"]) == 0

    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[:2] for line in lines] == [
        ["/_/services", "1"],
        ["/_/services", "32"],
        ["/_/connectors", "1"],
        ["/_/connectors", "32"],
    ]


def test_wrks_own_words_are_read(monkeypatch, tmp_path):
    said = "    50%  379.00us\n    99%    1.13s\nRequests/sec:   2356.66\n"
    program = tmp_path / "wrk"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{said}END\n")
    program.chmod(0o700)
    monkeypatch.setattr(load.shutil, "which", lambda name: str(program))

    measured = measure("http://127.0.0.1:1/x", callers=1, seconds=1)

    assert measured == Load(rate=2356.66, p50=0.379, p99=1130.0)


def test_the_relay_counts_what_goes_to_the_browser(product):
    import requests

    with Relay(product) as relay:
        body = requests.get(f"{relay.url}/_/services", headers={"Connection": "close"}).content
        moved = relay.moved

    assert len(body) > 100_000
    assert 10_000 < moved < len(body)


# On two busy processors the screens alone take a minute.
@pytest.mark.timeout(480)
@pytest.mark.parametrize("name", ["memory", "pages", "routes"])
def test_an_area_can_be_measured(name):
    ended = subprocess.run(
        [sys.executable, "-m", "bench", name, "--tiny"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("\n") > 3


def test_the_areas_are_there():
    assert all(area(name) for name in AREAS)


def test_an_unknown_area_is_refused():
    ended = subprocess.run(
        [sys.executable, "-m", "bench", "nonsense"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert "there is no nonsense" in ended.stderr
