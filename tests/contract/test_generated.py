"""Generated requests to every operation, whose responses must be valid."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given

from tests.contract import generation
from tests.contract.definition import Operation, problems
from tests.contract.sample_items import upload
from tests.contract.sample_world import send, unchanged_world
from tests.support.draws import cases

pytestmark = pytest.mark.usefixtures("definition")


FREED = {"POST /v1/external-logging/account": "/v1/external-logging/account"}
"""Creations of what there can be only one of, each with the path to delete first."""


def body_of(operation: Operation, case: Any) -> dict[str, Any]:
    if operation.takes_file:
        return upload()
    return {"json": case.body} if isinstance(case.body, (dict, list)) else {}


def test_every_response_is_valid(any_operation: Operation):
    operation = any_operation
    statuses: Counter[int] = Counter()

    @cases(120)
    @given(case=generation.cases(operation))
    def run(case: Any) -> None:
        path, query = case.formatted_path, case.query or {}
        body, world = body_of(operation, case), unchanged_world()
        if str(operation) in FREED:
            send(world, "DELETE", FREED[str(operation)])
        answer = send(world, operation.method, path, query_string=query, **body)
        statuses[answer.status_code] += 1
        assert answer.status_code < 500
        assert problems(operation, answer.status_code, answer.json) == []

    run()
    assert [status for status in statuses if status < 300], dict(statuses)
