"""The small run of `python -m chaos.abuse`: a real server under requests of every kind of abuse."""

import pytest

from chaos import abuse
from chaos.abuse import Holding, Plan, Tally

# What a process holds after a few hundred requests is for the long run to tell.
HELD = {"memory", "threads", "descriptors"}


@pytest.mark.timeout(300)
def test_abuse_costs_no_connector_no_failure_and_few_requests_to_fivetran():
    plan = Plan(requests=1200, connectors=20, forgotten=0)
    found = {figure.what: figure for figure in abuse.run(plan)}

    short = {what for what, figure in found.items() if figure.verdict == "falls short"}
    assert short - HELD == set()
    assert found["requests"].value == 900


@pytest.mark.parametrize(
    ("after", "statuses", "short"),
    [
        pytest.param(Holding(100, 10, 30), [404, 503, 0], [], id="nothing"),
        pytest.param(Holding(111, 10, 30), [404], ["memory"], id="memory"),
        pytest.param(Holding(100, 12, 30), [404], ["threads"], id="threads"),
        pytest.param(Holding(100, 10, 34), [404], ["descriptors"], id="descriptors"),
        pytest.param(Holding(100, 10, 30), [500], ["answered with a 5xx"], id="an-error"),
    ],
)
def test_what_was_left_behind_is_shown(after: Holding, statuses: list[int], short: list[str]):
    tally = Tally()
    for status in statuses:
        tally.note("kind", status)

    figures = abuse._figures(Holding(100, 10, 30), after, tally)

    assert [figure.what for figure in figures if figure.verdict == "falls short"] == short
