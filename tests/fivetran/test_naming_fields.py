import pytest

from pbf.fivetran.naming_fields import FIELDS_BY_KIND, KIND_BY_SERVICE, fields
from tests.support.requirements import SERVICES, load_reference


@pytest.mark.parametrize(
    ("service", "required", "expected"),
    [
        pytest.param("github", (), ("schema",), id="schema-by-kind"),
        pytest.param("google_sheets", (), ("schema", "table"), id="table-by-kind"),
        pytest.param("postgres", (), ("schema_prefix",), id="prefix-by-kind"),
        pytest.param("s3", (), ("schema", "table_group_name"), id="table-group-by-kind"),
        pytest.param("made_yesterday", (), ("schema",), id="unknown-service"),
        pytest.param("github", ("schema_prefix",), ("schema_prefix",), id="metadata-over-kind"),
        pytest.param("github", ("table", "schema"), ("schema", "table"), id="metadata-two-fields"),
        pytest.param("postgres", ("host", "port"), ("schema_prefix",), id="metadata-of-others"),
    ],
)
def test_naming_fields_come_from_the_metadata_or_else_the_kind(service, required, expected):
    assert fields(service, required) == expected


def test_every_kind_has_naming_fields():
    assert set(KIND_BY_SERVICE.values()) < set(FIELDS_BY_KIND)


def test_the_kinds_agree_with_the_definition_for_every_service():
    services = load_reference(SERVICES)

    expected = {service["id"]: service["naming"] for service in services}

    assert len(expected) == 773
    assert set(KIND_BY_SERVICE) <= set(expected)
    assert {
        service_id: KIND_BY_SERVICE.get(service_id, "schema") for service_id in expected
    } == expected
