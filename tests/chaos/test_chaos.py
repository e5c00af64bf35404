"""A small run of `make chaos`: real processes, real faults, one process killed."""

import pytest

from chaos.__main__ import print_outcome
from chaos.plan import FAULTS, shares_of_the_rest
from chaos.run import Outcome, Plan, run
from tests.support.variants import exhaustive


@pytest.mark.parametrize("database", [exhaustive("sqlite"), "postgres"])
def test_each_creation_leads_to_one_connector_though_a_process_is_killed(database, request, capsys):
    url = request.getfixturevalue("postgres").empty() if database == "postgres" else None

    outcome = run(Plan(creations=30, processes=2, kill_every=10, max_kills=1, database_url=url))
    print_outcome(outcome)

    assert outcome.good, capsys.readouterr().out
    assert (outcome.connectors, outcome.kills) == (30, 1)
    assert outcome.faults.keys() == FAULTS.keys()
    assert min(outcome.faults.values()) > 0
    assert "holds" in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong",
    [
        {"connectors": 41},
        {"duplicates": ["a"]},
        {"missing": ["a"]},
        {"unexpected": ["a"]},
        {"misnamed": ["a"]},
        {"unsettled": 1},
        {"failed": ["process 1"]},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_run_with_any_error_falls_short(wrong):
    right = {"requested": 40, "connectors": 40, "unsettled": 0, "kills": 1, "calls": 9}
    lists = {"duplicates": [], "missing": [], "unexpected": [], "misnamed": [], "failed": []}

    assert Outcome(**right, **lists).good
    assert not Outcome(**{**right, **lists, **wrong}).good


def test_the_shares_add_up_to_the_faults_of_all_requests():
    remaining, of_all = 1.0, {}
    for kind, share in shares_of_the_rest():
        of_all[kind] = remaining * share
        remaining *= 1 - share

    assert of_all == pytest.approx(FAULTS)
