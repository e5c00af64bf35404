"""The small run of `make chaos`: real processes, real faults, one of them killed."""

import pytest

from chaos.__main__ import tell
from chaos.plan import FAULTS, shares_of_the_rest
from chaos.run import Outcome, Plan, run


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_each_creation_leads_to_one_connector_though_a_process_is_killed(database, request, capsys):
    url = request.getfixturevalue("postgres").empty() if database == "postgres" else None

    outcome = run(Plan(creations=30, processes=2, kill_every=10, most_kills=1, database_url=url))
    tell(outcome)

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
        {"strangers": ["a"]},
        {"misnamed": ["a"]},
        {"unsettled": 1},
        {"failed": ["process 1"]},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_run_with_anything_wrong_falls_short(wrong):
    right = {"asked": 40, "connectors": 40, "unsettled": 0, "kills": 1, "calls": 9}
    lists = {"duplicates": [], "missing": [], "strangers": [], "misnamed": [], "failed": []}

    assert Outcome(**right, **lists).good
    assert not Outcome(**{**right, **lists, **wrong}).good


def test_the_shares_strike_as_many_of_all_requests_as_is_said():
    spared, of_all = 1.0, {}
    for kind, share in shares_of_the_rest():
        of_all[kind] = spared * share
        spared *= 1 - share

    assert of_all == pytest.approx(FAULTS)
