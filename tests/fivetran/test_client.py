import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import responses
from responses.matchers import header_matcher, json_params_matcher, query_param_matcher

from pbf.errors import BadAnswer, NotFound, ServerFailed
from pbf.fivetran.client import MAX_SYNC_PAGES, ApiClient
from pbf.fivetran.http.transport import Request
from pbf.fivetran.models import Account, ConnectCard, Destination, Group, RateLimit
from pbf.fivetran.paging import LARGEST_PAGE

API = "https://fivetran.example"
UNTIL = datetime(2026, 3, 1, 10, tzinfo=UTC)
PAGE = {"limit": str(LARGEST_PAGE)}
SERVICES = f"{API}/v1/metadata/connector-types"
CONNECTIONS = f"{API}/v1/groups/our_group/connections"
CARD = {"token": "hidden", "uri": "https://fivetran.example/connect-card/setup?auth=hidden"}


@pytest.fixture
def client() -> Iterator[ApiClient]:
    opened = ApiClient(Request(API, "the-key", "the-secret"))
    yield opened
    opened.close()


def data(**content: object) -> dict[str, object]:
    return {"code": "Success", "data": content}


def page(*ids: str, **more: object) -> dict[str, object]:
    return data(items=[{"id": id_} for id_ in ids], **more)


def sent(api: responses.RequestsMock) -> dict[str, object]:
    """The body of the last request."""
    return json.loads(api.calls[-1].request.body)


def test_get_account_returns_the_account(api, client):
    api.get(f"{API}/v1/account/info", json=data(account_id="a", account_name="Us", more=1))

    assert client.get_account() == Account(account_id="a", account_name="Us")


def test_get_group_returns_the_group(api, client):
    api.get(f"{API}/v1/groups/our_group", json=data(id="our_group", name="Ours"))

    assert client.get_group("our_group") == Group(id="our_group", name="Ours")


def test_get_destination_returns_the_destination(api, client):
    api.get(
        f"{API}/v1/destinations/our_group",
        json=data(id="our_group", service="snowflake", setup_status="connected"),
    )

    expected = Destination(id="our_group", service="snowflake", setup_status="connected")
    assert client.get_destination("our_group") == expected


def test_get_service_returns_the_naming_fields(api, client):
    api.get(f"{SERVICES}/s3", json=data(id="s3", config={"required": ["schema"]}))

    assert client.get_service("s3").required == ("schema",)


def test_get_connector_returns_the_connector(api, client):
    api.get(f"{API}/v1/connections/one", json=data(id="one", schema="sales"))

    assert client.get_connector("one").schema_name == "sales"


def test_services_are_listed_in_the_largest_pages(api, client):
    api.get(SERVICES, json=page("15five"), match=[query_param_matcher({"limit": "1000"})])

    assert [service.id for service in client.get_metadata()] == ["15five"]


def test_a_list_continues_until_there_is_no_cursor(api, client):
    first = page("a", "b", next_cursor="eyJza2lwIjox")
    api.get(SERVICES, json=first, match=[query_param_matcher(PAGE)])
    second = page("c", next_cursor="+/=&")
    api.get(SERVICES, json=second, match=[query_param_matcher({**PAGE, "cursor": "eyJza2lwIjox"})])
    api.get(SERVICES, json=page("d"), match=[query_param_matcher({**PAGE, "cursor": "+/=&"})])

    assert [service.id for service in client.get_metadata()] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    "end",
    [
        pytest.param({}, id="missing"),
        pytest.param({"next_cursor": None}, id="null"),
        pytest.param({"next_cursor": ""}, id="empty"),
    ],
)
def test_a_list_ends_without_a_cursor(api, client, end):
    api.get(CONNECTIONS, json=page("a", **end))

    assert [connector.id for connector in client.get_list_of_connectors_in_group("our_group")] == [
        "a"
    ]


def test_an_empty_page_in_the_middle_does_not_end_a_list(api, client):
    api.get(CONNECTIONS, json=page(next_cursor="more"), match=[query_param_matcher(PAGE)])
    api.get(CONNECTIONS, json=page("a"), match=[query_param_matcher({**PAGE, "cursor": "more"})])

    assert [connector.id for connector in client.get_list_of_connectors_in_group("our_group")] == [
        "a"
    ]


@pytest.mark.parametrize(
    "cursors",
    [
        pytest.param(["one", "one"], id="at-once"),
        pytest.param(["one", "two", "three", "one"], id="later"),
    ],
)
def test_a_repeated_cursor_raises_bad_answer(api, client, cursors):
    for number, cursor in enumerate(cursors):
        api.get(CONNECTIONS, json=page(f"c{number}", next_cursor=cursor))

    with pytest.raises(BadAnswer, match="does not end"):
        list(client.get_list_of_connectors_in_group("our_group"))

    assert len(api.calls) == len(cursors)


@pytest.mark.parametrize("cursor", [5, 0, True, False, ["a"], {}, {"a": 1}])
def test_a_cursor_that_is_not_text_raises_bad_answer(api, client, cursor):
    api.get(CONNECTIONS, json=page("a", next_cursor=cursor))

    with pytest.raises(BadAnswer, match="does not end"):
        list(client.get_list_of_connectors_in_group("our_group"))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"items": None}, id="null"),
        pytest.param({"items": {"a": {"id": "a"}}}, id="object"),
        pytest.param({"items": "a"}, id="text"),
    ],
)
def test_a_list_without_items_raises_bad_answer(api, client, content):
    api.get(SERVICES, json=data(**content))

    with pytest.raises(BadAnswer, match="no list of items"):
        list(client.get_metadata())


WITHOUT_ID = [None, "a", [], {}, {"id": None}, {"id": ""}, {"id": 5}, {"id": "half\ud800"}]


@pytest.mark.parametrize("item", WITHOUT_ID)
def test_an_item_without_an_id_is_skipped_and_counted(api, client, caplog, item):
    api.get(SERVICES, json=data(items=[{"id": "fine"}, item, {"id": "also"}]))

    listed = client.get_metadata()

    assert [service.id for service in listed] == ["fine", "also"]
    assert listed.unread == 1
    assert "1 of the items of a list of Service could not be read" in caplog.text


def test_a_list_of_only_unreadable_items_raises_bad_answer(api, client):
    api.get(SERVICES, json=data(items=WITHOUT_ID))

    with pytest.raises(BadAnswer, match="does not have the documented format"):
        list(client.get_metadata())


def test_an_item_on_two_pages_is_listed_once(api, client):
    api.get(CONNECTIONS, json=page("a", "b", next_cursor="more"))
    api.get(CONNECTIONS, json=page("b", "c"))

    listed = client.get_list_of_connectors_in_group("our_group")

    assert [connector.id for connector in listed] == ["a", "b", "c"]


def test_an_unreadable_field_is_logged_once_without_its_value(api, client, caplog):
    api.get(CONNECTIONS, json=data(items=[{"id": "a", "sync_frequency": "private"}, {"id": "b"}]))

    for _ in range(2):
        connectors = list(client.get_list_of_connectors_in_group("our_group"))

    assert [connector.sync_frequency for connector in connectors] == [None, None]
    assert caplog.text.count("the field sync_frequency of a list of Connector") == 1
    assert "private" not in caplog.text


def test_a_failing_page_fails_the_list(api, client):
    api.get(CONNECTIONS, json=page("a", next_cursor="more"))
    api.get(CONNECTIONS, status=500)

    with pytest.raises(ServerFailed):
        list(client.get_list_of_connectors_in_group("our_group"))


def test_a_connector_can_be_listed_by_its_permanent_name(api, client):
    api.get(
        CONNECTIONS,
        json=page("one"),
        match=[query_param_matcher({**PAGE, "schema": "sales.sales"})],
    )

    connectors = client.get_list_of_connectors_in_group("our_group", schema="sales.sales")

    assert [connector.id for connector in connectors] == ["one"]


def test_unknown_fields_and_values_break_no_list(api, client):
    new = {
        "id": "one",
        "service": "made_yesterday",
        "surprise": [1],
        "status": {"setup_state": "dreaming", "tasks": [{"code": "sing", "verse": 2}]},
    }
    api.get(CONNECTIONS, json=data(items=[new], total=1))
    api.get(SERVICES, json=data(items=[{"id": "x", "type": "Quantum", "service_status": "new"}]))

    connectors = list(client.get_list_of_connectors_in_group("our_group"))
    services = list(client.get_metadata())

    assert connectors[0].status.setup_state == "dreaming"
    assert connectors[0].status.tasks[0].code == "sing"
    assert services[0].type == "Quantum"


@pytest.mark.parametrize(
    ("id_", "quoted"),
    [
        pytest.param("a/b", "a%2Fb", id="slash"),
        pytest.param("../groups", "..%2Fgroups", id="steps"),
        pytest.param("a?b#c", "a%3Fb%23c", id="question"),
        pytest.param("a b%", "a%20b%25", id="blank-and-percent"),
        pytest.param("ü", "%C3%BC", id="umlaut"),
        pytest.param("a.b", "a.b", id="dot-inside"),
        pytest.param("a\r\nb", "a%0D%0Ab", id="line-break"),
    ],
)
def test_an_id_with_special_characters_stays_one_path_segment(api, client, id_, quoted):
    paths = [
        f"/v1/connections/{quoted}",
        f"/v1/connections/{quoted}",
        f"/v1/connections/{quoted}/sync",
        f"/v1/connections/{quoted}/connect-card",
        f"/v1/groups/{quoted}",
        f"/v1/groups/{quoted}/connections",
        f"/v1/destinations/{quoted}",
        f"/v1/metadata/connector-types/{quoted}",
    ]
    for method, path in zip(["GET", "PATCH", "POST", "POST", *["GET"] * 4], paths, strict=True):
        api.add(method, f"{API}{path}", json=data(id="x", items=[], connect_card=CARD))

    client.get_connector(id_)
    client.update_connector(id_, paused=True)
    client.sync_connector(id_)
    client.get_connect_card_url_for_connector(id_, redirect_uri="https://x.example")
    client.get_group(id_)
    list(client.get_list_of_connectors_in_group(id_))
    client.get_destination(id_)
    client.get_service(id_)

    assert [call.request.path_url.partition("?")[0] for call in api.calls] == paths


@pytest.mark.parametrize("step", ["", ".", ".."])
def test_an_id_that_would_change_the_path_is_not_sent(api, client, step):
    with pytest.raises(NotFound, match="nothing with that id"):
        client.sync_connector(step)

    assert len(api.calls) == 0


@pytest.mark.parametrize("response", [{}, data(), data(id=""), data(id=5), data(name="x")])
def test_a_response_without_an_id_raises_bad_answer(api, client, response):
    api.get(f"{API}/v1/connections/one", json=response)

    with pytest.raises(BadAnswer, match=r"does not have the documented format \(id\)"):
        client.get_connector("one")


def test_bad_answer_quotes_nothing_of_the_response(api, client):
    api.get(f"{API}/v1/connections/one", json=data(id={"hidden": 1}, config={"x": "hidden"}))

    with pytest.raises(BadAnswer) as caught:
        client.get_connector("one")

    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("service", "config"),
    [
        pytest.param("github", {"schema": "sales"}, id="schema"),
        pytest.param("google_sheets", {"schema": "sales", "table": "sales"}, id="table"),
        pytest.param("postgres", {"schema_prefix": "sales"}, id="prefix"),
        pytest.param("s3", {"schema": "sales", "table_group_name": "sales"}, id="table-group"),
        pytest.param("made_yesterday", {"schema": "sales"}, id="unknown"),
    ],
)
class TestCreation:
    """The four kinds of naming fields, and where the client gets them from."""

    def body(self, service: str, config: dict[str, str]) -> dict[str, object]:
        return {
            "service": service,
            "group_id": "our_group",
            "run_setup_tests": False,
            "destination_schema_names": "FIVETRAN_NAMING",
            "config": config,
        }

    def test_with_the_fields_that_the_caller_passes(self, api, client, service, config):
        api.post(f"{API}/v1/connections", status=201, json=data(id="one", schema="sales"))

        connector = client.create_connector(
            "any_service", "our_group", "sales", required=(*config, "password")
        )

        assert connector.id == "one"
        assert sent(api) == self.body("any_service", config)

    def test_with_the_fields_of_the_metadata(self, api, client, service, config):
        required = {"required": ["password", *config]}
        api.get(f"{SERVICES}/any_service", json=data(id="any_service", config=required))
        api.post(f"{API}/v1/connections", status=201, json=data(id="one"))

        client.create_connector("any_service", "our_group", "sales")

        assert sent(api) == self.body("any_service", config)

    def test_by_kind_if_the_metadata_names_no_fields(self, api, client, service, config):
        api.get(f"{SERVICES}/{service}", json=data(id=service))
        api.post(f"{API}/v1/connections", status=201, json=data(id="one"))

        client.create_connector(service, "our_group", "sales")

        assert sent(api) == self.body(service, config)

    def test_by_kind_if_the_caller_passes_no_fields(self, api, client, service, config):
        api.post(f"{API}/v1/connections", status=201, json=data(id="one"))

        client.create_connector(service, "our_group", "sales", required=())

        assert sent(api) == self.body(service, config)


def test_nothing_is_created_when_the_metadata_is_missing(api, client):
    api.get(f"{SERVICES}/no_such_service", status=404)

    with pytest.raises(NotFound):
        client.create_connector("no_such_service", "our_group", "sales")

    assert [call.request.method for call in api.calls] == ["GET"]


def test_a_creation_returns_its_card_on_request(api, client):
    api.post(
        f"{API}/v1/connections", status=201, json=data(id="one", schema="sales", connect_card=CARD)
    )

    connector = client.create_connector(
        "github", "our_group", "sales", required=(), redirect_uri="https://x.example/back?state=a"
    )

    assert connector.connect_card == ConnectCard(uri=CARD["uri"])
    assert sent(api)["connect_card_config"] == {"redirect_uri": "https://x.example/back?state=a"}


def test_a_creation_without_an_id_raises_bad_answer(api, client):
    api.post(f"{API}/v1/connections", status=201, json=data())

    with pytest.raises(BadAnswer):
        client.create_connector("github", "our_group", "sales", required=())


@pytest.mark.parametrize("paused", [True, False])
def test_a_connector_is_paused_and_resumed(api, client, paused):
    api.patch(
        f"{API}/v1/connections/one",
        json=data(id="one", paused=paused),
        match=[json_params_matcher({"paused": paused})],
    )

    assert client.update_connector("one", paused=paused).paused is paused


@pytest.mark.parametrize(
    ("given", "body"),
    [
        pytest.param({"sync_frequency": 60}, {"sync_frequency": 60}, id="frequency"),
        pytest.param({"schedule_type": "manual"}, {"schedule_type": "manual"}, id="on-request"),
        pytest.param(
            {"sync_frequency": 1440, "daily_sync_time": "14:00"},
            {"sync_frequency": 1440, "daily_sync_time": "14:00"},
            id="daily",
        ),
        pytest.param({"paused": False, "sync_frequency": None}, {"paused": False}, id="not-none"),
    ],
)
def test_only_the_given_parts_of_a_schedule_are_changed(api, client, given, body):
    api.patch(f"{API}/v1/connections/one", json=data(id="one"))

    client.update_connector("one", **given)

    assert sent(api) == body


def test_a_connector_is_deleted(api, client):
    api.delete(f"{API}/v1/connections/one", json={"code": "Success", "message": "Deleted"})

    client.delete_connector("one")

    assert len(api.calls) == 1


def test_a_resync_is_requested(api, client):
    api.post(f"{API}/v1/connections/one/resync", json={}, match=[json_params_matcher({})])

    client.resync_connector("one")

    assert len(api.calls) == 1


def test_setup_tests_are_run_and_their_results_returned(api, client):
    results = [{"title": "Signing in", "status": "PASSED", "details": 1}, "odd"]
    api.post(
        f"{API}/v1/connections/one/test",
        json=data(id="one", setup_tests=results),
        match=[json_params_matcher({})],
    )

    tests = client.test_connector("one").setup_tests

    assert [(test.title, test.status) for test in tests] == [("Signing in", "PASSED")]


def test_past_syncs_are_requested_by_time(api, client):
    item = {"sync_id": "s", "start": "2026-03-01T10:00:00Z", "end": None, "status": "NEW_WORD"}
    times = {"start_time": "2026-02-22T10:00:00Z", "end_time": "2026-03-01T10:00:00Z"}
    api.get(
        f"{API}/v1/connections/one/sync-history",
        json=data(items=[item]),
        match=[
            query_param_matcher({**PAGE, **times}),
            header_matcher({"Accept": "application/json;version=2"}),
        ],
    )

    [sync] = client.get_sync_history("one", since=UNTIL - timedelta(days=7), until=UNTIL)

    assert (sync.sync_id, sync.status, sync.end) == ("s", "NEW_WORD", None)


def test_the_pages_of_past_syncs_are_limited(api, client):
    url = f"{API}/v1/connections/one/sync-history"
    for number in range(MAX_SYNC_PAGES):
        start = (UNTIL - timedelta(minutes=number)).isoformat()
        api.get(url, json=data(items=[{"start": start}], next_cursor=str(number)))

    syncs = client.get_sync_history("one", since=UNTIL - timedelta(days=7), until=UNTIL)

    assert len(list(syncs)) == MAX_SYNC_PAGES


def test_past_errors_are_listed(api, client):
    item = {"type": "reconnect", "title": "Reconnect", "created_at": "soon"}
    api.get(
        f"{API}/v1/connections/one/errors",
        json=data(items=[item]),
        match=[query_param_matcher(PAGE)],
    )

    [error] = client.get_errors("one")

    assert (error.type, error.title, error.created_at) == ("reconnect", "Reconnect", None)


SCHEMAS = {
    "schema_change_handling": "ALLOW_ALL",
    "schemas": {
        "Sales": {
            "name_in_destination": "sales",
            "enabled": True,
            "tables": {
                "Orders": {
                    "enabled": False,
                    "enabled_patch_settings": {"allowed": False, "reason_code": "SYSTEM_TABLE"},
                },
                "New": {"enabled": "perhaps", "columns": {}},
            },
        },
        "Empty": {"tables": None},
    },
}


@pytest.mark.parametrize(
    ("method", "path", "call", "body"),
    [
        pytest.param("GET", "", lambda client: client.get_schemas("one"), None, id="read"),
        pytest.param(
            "POST",
            "/reload",
            lambda client: client.reload_schemas("one"),
            {"exclude_mode": "PRESERVE"},
            id="look-at-the-source",
        ),
        pytest.param(
            "PATCH",
            "",
            lambda client: client.update_schemas(
                "one", {("Sales", "Orders"): False, ("Sales", "New"): False, ("B.c", "D"): True}
            ),
            {
                "schemas": {
                    "Sales": {"tables": {"Orders": {"enabled": False}, "New": {"enabled": False}}},
                    "B.c": {"enabled": True, "tables": {"D": {"enabled": True}}},
                }
            },
            id="switch",
        ),
    ],
)
def test_schemas_and_tables_are_read_and_changed(api, client, method, path, call, body):
    api.add(method, f"{API}/v1/connections/one/schemas{path}", json=data(**SCHEMAS))

    config = call(client)

    tables = config.schemas["Sales"].tables
    assert (sent(api) if body else None) == body
    assert tables["Orders"].enabled is False
    assert tables["Orders"].enabled_patch_settings.allowed is False
    assert tables["Orders"].enabled_patch_settings.reason_code == "SYSTEM_TABLE"
    assert tables["New"].enabled is None
    assert config.schemas["Empty"].tables == {}


def test_missing_schemas_are_empty(api, client):
    api.get(f"{API}/v1/connections/one/schemas", json=data(schema_change_handling="ALLOW_ALL"))

    assert client.get_schemas("one").schemas == {}


def test_a_sync_is_started_without_stopping_a_running_one(api, client):
    api.post(
        f"{API}/v1/connections/one/sync",
        json={"code": "Success", "message": "Sync has been successfully triggered"},
        match=[json_params_matcher({"force": False})],
    )

    client.sync_connector("one")

    assert len(api.calls) == 1


def test_a_card_is_created_with_its_redirect(api, client):
    api.post(
        f"{API}/v1/connections/one/connect-card",
        json=data(connector_id="one", connect_card=CARD, connect_card_config={}),
        match=[json_params_matcher({"connect_card_config": {"redirect_uri": "https://x.example"}})],
    )

    card = client.get_connect_card_url_for_connector("one", redirect_uri="https://x.example")

    assert card.uri == CARD["uri"]


@pytest.mark.parametrize(
    "card",
    [
        pytest.param({}, id="missing"),
        pytest.param({"connect_card": None}, id="null"),
        pytest.param({"connect_card": "https://x"}, id="text"),
        pytest.param({"connect_card": {"token": "hidden"}}, id="token-only"),
        pytest.param({"connect_card": {"uri": ""}}, id="empty"),
        pytest.param({"connect_card": {"uri": ["hidden"]}}, id="list"),
    ],
)
def test_a_response_without_a_card_raises_bad_answer(api, client, card):
    api.post(f"{API}/v1/connections/one/connect-card", json=data(connector_id="one", **card))

    with pytest.raises(BadAnswer) as caught:
        client.get_connect_card_url_for_connector("one", redirect_uri="https://x.example")

    assert "hidden" not in str(caught.value)


def test_the_rate_limit_is_that_of_the_transport(api, client):
    headers = {"X-Rate-Limit": "500", "X-Rate-Limit-Remaining": "12"}
    api.get(f"{API}/v1/account/info", json=data(), headers=headers)

    client.get_account()

    assert client.latest.rate_limit == RateLimit(limit=500, remaining=12)
