"""A small run of `make soak`: the routes alone twice, one of which is killed."""

from collections import Counter

import pytest

from chaos.soak.__main__ import NONE, report
from chaos.soak.comparison import Differences
from chaos.soak.fleet import Resources
from chaos.soak.plan import Plan
from chaos.soak.run import Result, run_on


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "kinds",
    [
        ("kill -9", "Redis restarted"),
        ("SIGTERM", "Fivetran away", "PostgreSQL away", "PostgreSQL frozen", "Redis frozen"),
    ],
    ids=["kill", "outages"],
)
def test_nothing_is_lost_or_done_twice_while_processes_and_servers_fail(kinds, postgres, capsys):
    plan = Plan(minutes=0.1, every=1, outage=1, grace=5, screens=False, kinds=kinds)

    result = run_on(plan, postgres)

    assert report(result) == 0, capsys.readouterr()
    assert result.troubles == Counter(kinds)
    assert result.differences.requested >= plan.people
    assert result.differences.entries > result.differences.requested


@pytest.mark.parametrize("name", NONE)
def test_any_difference_falls_short(name, capsys):
    used = {"routes alone": Resources(memory=100.0, descriptors=20)}
    differences = Differences()
    result = Result(24.0, differences, 0, used, used, Counter({200: 9}), [], Counter(), 9, 0)
    assert report(result) == 0

    getattr(differences, name).append("a connector")

    assert report(result) == 1
    assert f"{name}: a connector" in capsys.readouterr().err
