"""A small run of `python -m chaos.outage`: a real outage of Fivetran, and the recovery."""

from collections.abc import Iterator

import pytest

from bench.figures import Figure
from chaos import outage
from chaos.callers import Call
from chaos.outage import Phase, Plan

# Enough connectors for one in each state, so that some are syncing and the list is soon stale.
SMALL = Plan(healthy=1, outage=1, connectors=60, visitors=4, rate=10, browser=False)


@pytest.mark.timeout(300)
def test_an_outage_is_survived_shown_and_over_soon(capsys):
    figures = {figure.what: figure for figure in outage.run(SMALL)}

    # Only a quiet machine can judge durations; here the events only have to happen.
    durations = {what for what, figure in figures.items() if figure.unit in ("s", "ms")}
    short = {what for what, figure in figures.items() if figure.verdict == "falls short"}
    assert short - durations == set()
    assert figures["calls of the routes"].value > 0
    assert figures["until responses are fresh again"].value < outage.TIMEOUT
    assert figures["until all pages are fresh again"].value < outage.TIMEOUT
    assert "outage for 1 seconds" in capsys.readouterr().err


def call(at: float, *, path: str = "/_/connectors", status: int = 200, stale: bool = True) -> Call:
    return Call(at, path, 10, status, stale)


def phase(*calls: Call, load: float = 100, unmarked: int = 0) -> Phase:
    return Phase(0, 60, [load] * 9, list(calls) or [call(5)] * 9, 10, unmarked)


@pytest.mark.parametrize(
    ("after", "short"),
    [
        pytest.param(phase(), [], id="nothing"),
        pytest.param(
            phase(call(5), call(6, status=502)),
            ["of them failed, though a cached response exists"],
            id="an-error",
        ),
        pytest.param(
            phase(call(5), call(6, status=0)),
            ["of them failed, though a cached response exists"],
            id="no-response",
        ),
        pytest.param(phase(load=151), ["p95 of loading a page"], id="slow"),
        pytest.param(
            phase(call(1, stale=False), call(5), call(6, stale=False)),
            ["responses without an age from then on"],
            id="a-response-without-age",
        ),
        pytest.param(
            phase(call(5, path="/_/services", stale=False)),
            ["until responses show their age"],
            id="never-an-age",
        ),
        pytest.param(
            phase(unmarked=1), ["pages without an age in the end"], id="a-page-without-age"
        ),
    ],
)
def test_what_falls_short_is_reported(after: Phase, short: list[str]):
    figures = outage._figures(phase(), after, 20)

    assert [figure.what for figure in figures if figure.verdict == "falls short"] == short


@pytest.mark.parametrize(("seconds", "status"), [(30, 0), (31, 1)])
def test_the_exit_status_says_whether_all_holds(monkeypatch, capsys, seconds: int, status: int):
    plans: list[Plan] = []

    def run(plan: Plan) -> Iterator[Figure]:
        plans.append(plan)
        yield Figure("Recovery", "until all is fresh again", seconds, "s", at_most=30)

    monkeypatch.setattr(outage, "run", run)

    assert outage.main(["--minutes", "1", "--silent"]) == status
    assert plans == [Plan(outage=60, silent=True)]
    assert capsys.readouterr().out.endswith(("\nholds\n", "\nfalls short\n")[status])
