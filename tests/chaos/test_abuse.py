"""A small run of `python -m chaos.abuse`: a real server under every kind of abuse."""

import pytest

from chaos import abuse
from chaos.abuse import Plan, Resources, Tally

# Only the long run can judge the resources; a few hundred requests cannot.
RESOURCES = {"memory", "threads", "descriptors"}


@pytest.mark.timeout(300)
def test_abuse_costs_no_connector_no_failure_and_few_requests_to_fivetran():
    plan = Plan(requests=1200, connectors=20, session_expiry=0)
    figures = {figure.what: figure for figure in abuse.run(plan)}

    short = {what for what, figure in figures.items() if figure.verdict == "falls short"}
    assert short - RESOURCES == set()
    assert figures["requests"].value == 900


@pytest.mark.parametrize(
    ("after", "statuses", "short"),
    [
        pytest.param(Resources(100, 10, 30), [404, 503, 0], [], id="nothing"),
        pytest.param(Resources(111, 10, 30), [404], ["memory"], id="memory"),
        pytest.param(Resources(100, 12, 30), [404], ["threads"], id="threads"),
        pytest.param(Resources(100, 10, 34), [404], ["descriptors"], id="descriptors"),
        pytest.param(Resources(100, 10, 30), [500], ["answered with a 5xx"], id="an-error"),
    ],
)
def test_resources_that_grew_are_reported(after: Resources, statuses: list[int], short: list[str]):
    tally = Tally()
    for status in statuses:
        tally.count("kind", status)

    figures = abuse._figures(Resources(100, 10, 30), after, tally)

    assert [figure.what for figure in figures if figure.verdict == "falls short"] == short
