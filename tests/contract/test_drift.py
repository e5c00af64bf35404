"""`fivetran-sandbox drift` names what a newer definition has, and what it has no more."""

import json
from copy import deepcopy

from pbf.sandbox.program import main
from tests.contract import own_definition
from tests.support.requirements import DEFINITION, load_reference


def test_the_sandbox_has_the_names_of_the_definition():
    assert own_definition.FILE.read_text(encoding="utf-8") == own_definition.content(), (
        "run python -m tests.contract.own_definition"
    )


def test_an_equal_definition_has_no_drift(tmp_path, capsys):
    file = tmp_path / "definition.json"
    file.write_text(json.dumps(load_reference(DEFINITION)))

    assert main(["drift", str(file)]) == 0
    assert capsys.readouterr().out == ""


def test_each_difference_is_named(tmp_path, capsys):
    newer = deepcopy(load_reference(DEFINITION))
    newer["paths"]["/v1/usage"] = {"get": {}}
    newer["components"]["schemas"]["UserResponse"]["properties"]["nickname"] = {"type": "string"}
    del newer["components"]["schemas"]["UserResponse"]["properties"]["phone"]
    file = tmp_path / "definition.json"
    file.write_text(json.dumps(newer))

    assert main(["drift", str(file)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "new field: UserResponse.nickname",
        "removed field: UserResponse.phone",
        "new operation: GET /v1/usage",
    ]


def test_what_is_no_definition_is_refused(tmp_path, capsys):
    file = tmp_path / "definition.json"
    file.write_text("[]")

    assert main(["drift", str(file)]) == 1
    assert "is not a readable OpenAPI definition" in capsys.readouterr().err
