"""Generated requests to every imitated operation, whose responses must be valid."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given

from tests.contract import generation
from tests.contract.definition import Operation, problems
from tests.contract.sample_world import send, unchanged_world
from tests.support.draws import cases

pytestmark = pytest.mark.usefixtures("definition")


def body_of(case: Any) -> dict[str, Any]:
    return {"json": case.body} if isinstance(case.body, (dict, list)) else {}


def test_every_response_is_valid(imitated_operation: Operation):
    operation = imitated_operation
    statuses: Counter[int] = Counter()

    @cases(60)
    @given(case=generation.cases(operation))
    def run(case: Any) -> None:
        path, query = case.formatted_path, case.query or {}
        answer = send(
            unchanged_world(), operation.method, path, query_string=query, **body_of(case)
        )
        statuses[answer.status_code] += 1
        assert answer.status_code < 500
        assert problems(operation, answer.status_code, answer.json) == []

    run()
    assert [status for status in statuses if status < 300], dict(statuses)
