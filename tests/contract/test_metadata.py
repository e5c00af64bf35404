"""The metadata of all 773 services: complete, described, and valid by the definition."""

from collections.abc import Iterator
from typing import Any

import pytest

from pbf.sandbox.catalogue.services import services
from pbf.sandbox.catalogue.settings import config_tree, service_detail
from tests.contract.definition import Operation, problems, schema_named

DETAIL = Operation("GET", "/v1/metadata/connector-types/{service}")
LIST = Operation("GET", "/v1/metadata/connector-types")
PUBLIC = Operation("GET", "/public/connector-types")
NAMING = {"schema", "table", "schema_prefix", "table_group_name"}
SIZES = {"password": "password", "date-time": "date-time"}
TREES = ("config", "auth", "external_secrets_keys_config")
KINDS = {"object", "string", "integer", "number", "boolean", "array"}
Tree = dict[str, Any]


def nodes(tree: Tree, name: str = "") -> Iterator[tuple[str, Tree]]:
    yield name, tree
    for key, node in tree.get("properties", {}).items():
        yield from nodes(node, f"{name}/{key}")
    if "items" in tree:
        yield from nodes(tree["items"], f"{name}[]")


def facts(tree: Tree) -> dict[str, tuple[Any, ...]]:
    """The type, format and choices of every setting of a tree, without texts and number sizes."""
    return {
        name: (node["type"], SIZES.get(node.get("format")), tuple(node.get("enum", ())))
        for name, node in nodes(tree)
    }


def without_names(tree: Tree) -> Tree:
    properties = {name: node for name, node in tree["properties"].items() if name not in NAMING}
    return {**tree, "properties": properties}


@pytest.mark.usefixtures("definition")
def test_the_detail_of_every_service_is_valid(api):
    errors = {}
    for service in services():
        answer = api.get(DETAIL.at(service=service))
        errors[service] = problems(DETAIL, answer.status_code, answer.json)

    assert {service: messages for service, messages in errors.items() if messages} == {}


@pytest.mark.usefixtures("definition")
@pytest.mark.parametrize("operation", [LIST, PUBLIC], ids=str)
def test_the_lists_of_services_are_valid(api, operation):
    answer = api.get(operation.path, **({"limit": 1000} if operation is LIST else {}))

    assert answer.status_code == 200
    assert problems(operation, 200, answer.json) == []


@pytest.mark.usefixtures("definition")
def test_every_tree_has_the_settings_types_formats_and_choices_of_the_definition():
    for service in services().values():
        detail = service_detail(service, "http://sandbox.example")
        declared = schema_named(f"{service.id}_NewConnectorRequestV1")["properties"]

        for name in TREES:
            ours, theirs = detail.get(name), declared.get(name)
            assert (ours is None) == (theirs is None), f"{service.id}: {name}"
            if ours is not None:
                assert facts(without_names(ours)) == facts(without_names(theirs)), service.id


def test_every_node_of_a_tree_is_complete():
    for service in services().values():
        detail = service_detail(service, "http://sandbox.example")

        for root in TREES:
            for name, node in nodes(detail[root]) if root in detail else ():
                where = f"{service.id}: {root}{name}"
                assert node["type"] in KINDS, where
                assert node["readonly"] is False, where
                assert ("items" in node) == (node["type"] == "array"), where


def test_every_setting_is_described_in_a_sentence():
    for service in services().values():
        for name, node in config_tree(service)["properties"].items():
            text = node["description"]

            assert text.endswith("."), f"{service.id}: {name}"
            assert text[0].isupper(), f"{service.id}: {name}"
            assert 10 <= len(text) <= 100, f"{service.id}: {name}: {text}"


def test_the_naming_fields_are_required_and_permanent():
    for service in services().values():
        config = config_tree(service)

        optional = service.optional_naming_fields
        assert {*config["required"], *optional} == set(service.naming_fields)
        for name in service.naming_fields:
            assert config["properties"][name]["immutable"] is True


def test_141_services_describe_how_to_sign_in():
    details = [service_detail(service, "http://sandbox.example") for service in services().values()]

    signed = [detail for detail in details if "auth" in detail]
    assert len(signed) == 141
    google = next(detail for detail in signed if detail["id"] == "google_ads")["auth"]["properties"]
    assert set(google["client_access"]["properties"]) == {
        "client_id",
        "client_secret",
        "developer_token",
        "user_agent",
    }
    assert google["refresh_token"]["type"] == "string"
