"""A small run of `python -m chaos.timeline`: every kind of trouble in one day of sandbox time."""

from collections import Counter

import pytest

from chaos.timeline.__main__ import NONE, examples, figures_of
from chaos.timeline.comparison import Differences
from chaos.timeline.plan import TROUBLES, Plan
from chaos.timeline.run import Result, run
from tests.support.variants import exhaustive


@pytest.mark.timeout(400)
@pytest.mark.parametrize("database", ["sqlite", exhaustive("postgres")])
def test_no_sync_is_lost_doubled_or_hidden_by_a_gap(database, request):
    url = request.getfixturevalue("postgres").empty() if database == "postgres" else None
    plan = Plan(days=2, connectors=16, groups=3, kills=2, step=3600.0, database_url=url)

    result = run(plan)

    short = [figure.what for figure in figures_of(result) if figure.verdict == "falls short"]
    assert short == [], list(examples(result))
    assert result.final.syncs > plan.connectors
    assert result.final.shown == result.final.syncs
    assert (result.kills, result.hooks["lost"] > 0, result.failed > 0) == (2, True, True)
    assert result.troubles.keys() <= {trouble.kind for trouble in TROUBLES}


@pytest.mark.parametrize("name", [*NONE, "unseen"])
def test_any_difference_falls_short(name):
    differences = Differences(elapsed=1.0)
    checks = [Differences(elapsed=1.0)]
    nothing = Result(differences, checks, 1, 9, 1, Counter(), Counter(), 1.0)
    assert not any(figure.verdict == "falls short" for figure in figures_of(nothing))

    getattr(differences, name).append("a sync")

    short = [figure for figure in figures_of(nothing) if figure.verdict == "falls short"]
    assert len(short) == 1
    assert list(examples(nothing)) == [f"{name}: a sync"]
