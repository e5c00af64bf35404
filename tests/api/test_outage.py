"""The small run of `python -m chaos.outage`: a Fivetran that is really away, and comes back."""

from collections.abc import Iterator

import pytest

from bench.figures import Figure
from chaos import outage
from chaos.callers import Call
from chaos.outage import Phase, Plan

# Enough connectors for one in each state, so that some move and the list is soon old.
SMALL = Plan(healthy=1, away=1, connectors=60, visitors=4, rate=10, browser=False)


@pytest.mark.timeout(300)
def test_an_outage_is_survived_reported_and_soon_over(capsys):
    figures = {figure.what: figure for figure in outage.run(SMALL)}

    # How long things take is for a quiet machine to tell; here they must happen at all.
    lasting = {what for what, figure in figures.items() if figure.unit in ("s", "ms")}
    short = {what for what, figure in figures.items() if figure.verdict == "falls short"}
    assert short - lasting == set()
    assert figures["calls of the routes"].value > 0
    assert figures["until answers are fresh again"].value < outage.PATIENCE
    assert figures["until all pages are, too"].value < outage.PATIENCE
    assert "away for 1 seconds" in capsys.readouterr().err


def call(at: float, *, path: str = "/_/connectors", status: int = 200, aged: bool = True) -> Call:
    return Call(at, path, 10, status, aged)


def phase(*calls: Call, gesture: float = 100, silent: int = 0) -> Phase:
    return Phase(0, 60, [gesture] * 9, list(calls) or [call(5)] * 9, 10, silent)


@pytest.mark.parametrize(
    ("away", "short"),
    [
        pytest.param(phase(), [], id="nothing"),
        pytest.param(
            phase(call(5), call(6, status=502)),
            ["of them failed, though an answer is known"],
            id="an-error",
        ),
        pytest.param(
            phase(call(5), call(6, status=0)),
            ["of them failed, though an answer is known"],
            id="no-answer",
        ),
        pytest.param(phase(gesture=151), ["p95 of going to a page"], id="slow"),
        pytest.param(
            phase(call(1, aged=False), call(5), call(6, aged=False)),
            ["answers without it from then on"],
            id="an-answer-without-age",
        ),
        pytest.param(
            phase(call(5, path="/_/services", aged=False)),
            ["until answers tell their age"],
            id="never-an-age",
        ),
        pytest.param(phase(silent=1), ["pages without it in the end"], id="a-page-without-age"),
    ],
)
def test_missed_bounds_are_reported(away: Phase, short: list[str]):
    figures = outage._figures(phase(), away, 20)

    assert [figure.what for figure in figures if figure.verdict == "falls short"] == short


@pytest.mark.parametrize(("seconds", "status"), [(30, 0), (31, 1)])
def test_the_exit_status_says_whether_all_holds(monkeypatch, capsys, seconds: int, status: int):
    plans: list[Plan] = []

    def run(plan: Plan) -> Iterator[Figure]:
        plans.append(plan)
        yield Figure("Back", "until all is fresh again", seconds, "s", at_most=30)

    monkeypatch.setattr(outage, "run", run)

    assert outage.main(["--minutes", "1", "--silent"]) == status
    assert plans == [Plan(away=60, silent=True)]
    assert capsys.readouterr().out.endswith(("\nholds\n", "\nfalls short\n")[status])
