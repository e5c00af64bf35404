"""Terraform's configuration, read by a parser of HCL and compared with the definition."""

import json
import re
from typing import Any

import hcl2
import pytest
from hypothesis import assume, example, given

from pbf.show_api.hcl import block
from pbf.show_api.operations import OPERATIONS
from pbf.show_api.target import Target
from tests.contract.definition import schema_named
from tests.support.shell_texts import TEXTS, UNSEEN

EACH = pytest.mark.parametrize("name", list(OPERATIONS))
NONE_IN_TERRAFORM = {
    *("sync", "resync", "test", "connect_card", "schemas", "history", "errors"),
}
# The arguments of what is no resource of the definition, by the provider's documentation.
DOCUMENTED = {
    "fivetran_connection_v2_pause_state": {"connection_id", "paused"},
    "fivetran_connection_schema_tables_config": {"connection_id", "schema_name", "disabled_tables"},
    "fivetran_connection_schema_reload": {"connection_id", "exclude_mode"},
    "fivetran_connectors_metadata": set(),
    "fivetran_group_connections": {"id"},
    "fivetran_connection": {"id"},
}


@EACH
def test_terraform_is_valid_and_has_only_arguments_that_exist(name):
    operation = OPERATIONS[name]

    read = hcl2.loads(operation.terraform(Target()))

    kinds = {"resource", "data", "action", "removed"} & read.keys()
    assert bool(kinds) is (name not in NONE_IN_TERRAFORM)
    for kind in kinds - {"removed"}:
        for entry in read[kind]:
            ((quoted_type, named),) = plain(entry).items()
            (arguments,) = named.values()
            assert_arguments_exist(quoted_type, arguments, kind)


def plain(entry: dict[str, Any]) -> dict[str, Any]:
    """A block without the quotes and marks of the parser."""
    return {
        name.strip('"'): plain(item) if isinstance(item, dict) else item
        for name, item in entry.items()
        if not name.startswith("__")
    }


def assert_arguments_exist(kind: str, arguments: dict[str, Any], block: str) -> None:
    if block == "action":
        (arguments,) = arguments["config"]
        arguments = plain(arguments)
    if kind != "fivetran_connection_v2":
        assert arguments.keys() == DOCUMENTED[kind]
        return
    fields = schema_named("NewConnectorRequestV1")["properties"].keys()
    settings = schema_named("google_sheets_NewConnectorRequestV1")["properties"]["config"]
    assert arguments.keys() <= fields | {"config"}
    assert arguments["config"].keys() <= settings["properties"].keys()


def test_a_created_connection_has_in_terraform_the_values_of_the_request():
    target = Target()
    body = OPERATIONS["create"].request(target).body
    assert body is not None

    (resource,) = hcl2.loads(OPERATIONS["create"].terraform(target))["resource"]

    arguments = plain(resource)["fivetran_connection_v2"]["this"]
    values = {name: unquoted(value) for name, value in arguments.items()}
    values["config"] = {name: unquoted(item) for name, item in values["config"].items()}
    assert values == {name: body[name] for name in body if name != "connect_card_config"}


def unquoted(value: Any) -> Any:
    return value[1:-1] if isinstance(value, str) and value.startswith('"') else value


@given(TEXTS)
@example(UNSEEN)
def test_any_name_is_one_value_in_terraform(text):
    # The parser, other than Terraform, looks for a closing brace after an escaped mark.
    assume(text in ("${HOME}", "%{if}") or not re.search(r"[$%]\{", text))

    read = hcl2.loads(block("resource", {"name": text, "rest": True}, "kind", "this") + "\n")

    arguments = plain(read["resource"][0])["kind"]["this"]
    assert arguments.keys() == {"name", "rest"}
    assert meaning(arguments["name"]) == text


def meaning(quoted: str) -> str:
    """The text of a quoted HCL text: the escapes of JSON, \\UNNNNNNNN, and doubled marks."""
    long = re.compile(r"(?<!\\)((?:\\\\)*)\\U([0-9a-f]{8})")
    short = long.sub(lambda match: match[1] + json.dumps(chr(int(match[2], 16)))[1:-1], quoted)
    return json.loads(short.replace("$${", "${").replace("%%{", "%{"))
