from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from pbf.fivetran.models import ConnectCard, Connector, RateLimit, SchemaConfig, Service

CONNECTION = {
    "id": "speak_inexpensive",
    "group_id": "projected_sickle",
    "service": "google_sheets",
    "service_version": 1,
    "schema": "sales.sales",
    "connected_by": "someone",
    "created_at": "2026-03-01T10:00:00.123456Z",
    "succeeded_at": None,
    "failed_at": None,
    "paused": False,
    "pause_after_trial": False,
    "sync_frequency": 360,
    "schedule_type": "auto",
    "status": {
        "setup_state": "incomplete",
        "sync_state": "scheduled",
        "update_state": "on_schedule",
        "is_historical_sync": True,
        "tasks": [],
        "warnings": [],
    },
    "config": {"sheet_id": "private", "password": "******"},
}
NO_TIME = [
    pytest.param(None, id="null"),
    pytest.param("", id="empty"),
    pytest.param("yesterday", id="words"),
    pytest.param(17, id="small-number"),
    pytest.param(10**400, id="number-too-long"),
    pytest.param(float("nan"), id="not-a-number"),
    pytest.param("0001-01-01T00:00:00Z", id="zero-time-of-go"),
    pytest.param("1970-01-01T00:00:00Z", id="zero-time-of-unix"),
    pytest.param("1899-12-31T00:00:00Z", id="before-computers"),
    pytest.param("9999-12-31T00:00:00Z", id="for-ever"),
    pytest.param({}, id="object"),
    pytest.param("0001-01-01T00:00:00+14:00", id="before-all-time"),
    pytest.param("9999-12-31T23:59:59-14:00", id="after-all-time"),
]


def connector(**changes: object) -> Connector:
    return Connector.model_validate({**CONNECTION, **changes})


def test_a_connection_is_parsed():
    parsed = connector()

    assert (parsed.id, parsed.group_id) == ("speak_inexpensive", "projected_sickle")
    assert (parsed.service, parsed.schema_name) == ("google_sheets", "sales.sales")
    assert parsed.created_at == datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)
    assert parsed.succeeded_at is None
    assert (parsed.paused, parsed.sync_frequency, parsed.schedule_type) == (False, 360, "auto")
    assert parsed.status.setup_state == "incomplete"
    assert parsed.status.is_historical_sync is True


def test_a_connections_config_is_not_kept():
    parsed = connector()

    assert "private" not in repr(parsed)
    assert "private" not in parsed.model_dump_json()
    assert not hasattr(parsed, "config")


def test_unknown_fields_are_dropped_and_unknown_values_kept():
    parsed = connector(
        service="made_yesterday",
        schedule_type="lunar",
        surprise={"deep": [1]},
        status={"setup_state": "dreaming", "sync_state": "floating", "mood": "good"},
    )

    assert (parsed.service, parsed.schedule_type) == ("made_yesterday", "lunar")
    assert (parsed.status.setup_state, parsed.status.sync_state) == ("dreaming", "floating")
    assert not hasattr(parsed, "surprise")


def test_only_the_id_is_required():
    parsed = Connector.model_validate({"id": "alone"})

    assert parsed.title == "alone"
    assert parsed.status.setup_state == ""
    assert parsed.paused is None


@pytest.mark.parametrize("bad", [{}, {"id": ""}, {"id": None}, {"id": 7}, [], "text", None])
def test_connectors_and_services_require_an_id(bad):
    for model in (Connector, Service):
        with pytest.raises(ValidationError):
            model.model_validate(bad)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        pytest.param("group_id", None, "", id="text-null"),
        pytest.param("service", 5, "", id="text-number"),
        pytest.param("schema", ["a"], "", id="text-list"),
        pytest.param("sync_frequency", "360", 360, id="number-as-text"),
        pytest.param("sync_frequency", "often", None, id="number-as-word"),
        pytest.param("sync_frequency", float("inf"), None, id="number-without-end"),
        pytest.param("sync_frequency", "9" * 5000, None, id="number-too-long"),
        pytest.param("sync_frequency", {}, None, id="number-object"),
        pytest.param("sync_frequency", 10**12, None, id="number-past-all-calendars"),
        pytest.param("sync_frequency", -5, None, id="number-below-zero"),
        pytest.param("sync_frequency", True, None, id="number-that-is-a-flag"),
        pytest.param("schema", "half\ud800", "half?", id="half-a-letter"),
        pytest.param("schema", "x" * 20_000, "x" * 200, id="name-without-end"),
        pytest.param("schema", "a\0b", "a?b", id="name-with-nul"),
        pytest.param("daily_sync_time", "x" * 20_000, "x" * 10_000, id="text-without-end"),
        pytest.param("paused", "true", True, id="flag-as-text"),
        pytest.param("paused", None, None, id="flag-null"),
        pytest.param("paused", "perhaps", None, id="flag-word"),
        pytest.param("paused", True, True, id="flag"),
        pytest.param("connect_card", "text", None, id="card-text"),
        pytest.param("connect_card", {}, None, id="card-without-address"),
        pytest.param("connect_card", {"uri": 5}, None, id="card-with-a-number"),
    ],
)
def test_a_value_of_another_type_becomes_empty(field, value, expected):
    parsed = connector(**{field: value})

    assert getattr(parsed, {"schema": "schema_name"}.get(field, field)) == expected


@pytest.mark.parametrize("value", NO_TIME)
def test_an_invalid_time_is_none(value):
    assert connector(succeeded_at=value).succeeded_at is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2026-03-01T10:00:00Z", id="zulu"),
        pytest.param("2026-03-01T10:00:00", id="without-zone"),
        pytest.param("2026-03-01T12:00:00+02:00", id="other-zone"),
        pytest.param("2026-03-01T10:00:00.000000Z", id="microseconds"),
        pytest.param("2026-03-01T10:00:00.000000999Z", id="nanoseconds"),
        pytest.param("2026-03-01T10:00:00+0000", id="zone-without-colon"),
        pytest.param("2026-03-01t10:00:00z", id="small-letters"),
        pytest.param("2026-03-01T11:00:00+01:00[Europe/Berlin]", id="zone-by-name"),
        pytest.param("2026-03-01 10:00:00 UTC", id="zone-as-a-word"),
        pytest.param(1772359200, id="seconds-since-1970"),
        pytest.param(1772359200000, id="milliseconds-since-1970"),
    ],
)
def test_every_time_is_in_utc(text):
    moment = connector(succeeded_at=text).succeeded_at

    assert moment == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert moment is not None
    assert moment.tzinfo is UTC


@pytest.mark.parametrize("status", [None, "fine", [], 3])
def test_an_invalid_status_is_empty(status):
    assert connector(status=status).status.sync_state == ""


def test_readable_tasks_and_warnings_are_kept():
    parsed = connector(
        status={
            "tasks": [{"code": "reconnect", "message": "Reconnect", "extra": 1}, "odd", None],
            "warnings": {"not": "a list"},
            "is_historical_sync": "perhaps",
        }
    )

    assert [(task.code, task.message, task.details) for task in parsed.status.tasks] == [
        ("reconnect", "Reconnect", "")
    ]
    assert parsed.status.warnings == ()
    assert parsed.status.is_historical_sync is None


def test_the_title_is_the_typed_name_then_the_permanent_one_then_the_id():
    typed = Connector(id="a", schema_name="sales", display_name="Our sales")

    assert typed.title == "Our sales"
    assert Connector(id="a", schema_name="sales").title == "sales"
    assert Connector(id="a").title == "a"


def test_a_card_never_shows_its_address():
    card = ConnectCard(uri="https://fivetran.example/setup?auth=hidden")

    parsed = connector(connect_card={"token": "hidden", "uri": card.uri})

    assert parsed.connect_card == card
    assert "hidden" not in repr(card)
    assert "hidden" not in repr(parsed)


def test_models_are_frozen():
    with pytest.raises(ValidationError):
        connector().paused = True


def test_a_service_is_parsed_with_its_naming_fields():
    service = Service.model_validate(
        {
            "id": "google_sheets",
            "name": "Google Sheets",
            "type": "File",
            "icons": ["https://x.example/a.svg", 5],
            "supported_features": [{"id": "RE_SYNC", "notes": None}, "odd"],
            "service_status": "someday",
            "config": {"type": "object", "required": ["schema", "table", 4]},
        }
    )

    assert service.title == "Google Sheets"
    assert service.icons == ("https://x.example/a.svg",)
    assert [feature.id for feature in service.supported_features] == ["RE_SYNC"]
    assert service.service_status == "someday"
    assert service.required == ("schema", "table")


@pytest.mark.parametrize(
    "config", [None, "text", 5, ["required"], {}, {"required": "schema"}, {"required": None}]
)
def test_a_service_without_required_fields_requires_none(config):
    assert Service.model_validate({"id": "new_thing", "config": config}).required == ()


def test_a_service_without_a_name_shows_its_id():
    assert Service(id="new_thing").title == "new_thing"


@pytest.mark.parametrize("value", [None, "many", "1e5", ""])
def test_an_invalid_rate_limit_is_none(value):
    assert RateLimit.model_validate({"limit": value, "remaining": value}) == RateLimit()


def test_unreadable_fields_are_reported_and_missing_ones_are_not():
    unreadable: set[str] = set()
    item = {"id": "a", "sync_frequency": 10**12, "failed_at": "soon", "paused": None, "service": ""}

    Connector.model_validate({**item, "succeeded_at": "0001-01-01T00:00:00Z"}, context=unreadable)

    assert unreadable == {"sync_frequency", "failed_at"}


@pytest.mark.parametrize("details", [None, 5, ["a"], {"a": {"b": [1]}}, "text"])
def test_a_setup_tests_details_may_be_anything(details):
    results = [{"title": "Signing in", "status": "FAILED", "details": details}]

    [result] = connector(setup_tests=results).setup_tests

    assert (result.title, result.status) == ("Signing in", "FAILED")


def test_a_null_table_or_schema_is_skipped_and_counted():
    config = SchemaConfig.model_validate(
        {
            "schemas": {
                "public": {"tables": {"orders": {"enabled": True}, "gone": None, "odd\ud800": {}}},
                "nothing": None,
                "listed": ["a"],
                "empty": {"tables": None},
            }
        }
    )

    assert list(config.schemas) == ["public", "empty"]
    assert list(config.schemas["public"].tables) == ["orders"]
    assert (config.unread, config.schemas["public"].unread) == (2, 2)
