"""Control of the sandbox: clock, seed, states, limits, request log, and access."""

import json
from datetime import UTC, datetime

import pytest

from pbf.commands.command_line import main
from pbf.sandbox import cli
from pbf.sandbox.app import create_app
from pbf.sandbox.control.request_log import MOST_KINDS
from pbf.sandbox.control.samples import STATES
from pbf.sandbox.core.clock import Clock, stamp
from pbf.sandbox.core.errors import Conflict, InvalidInput

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CONTROLS = [
    ("reset", {}),
    ("seed", {"connectors": 1}),
    ("clock", {"advance": 1}),
    ("limits", {"plan": "off"}),
    ("faults", {"kind": "500"}),
]


@pytest.fixture
def post(client):
    """Post to control and return the response's body."""

    def send(path, body=None, *, status=200):
        answer = client.post(f"/_control/{path}", json=body or {})
        assert answer.status_code == status, answer.json
        return answer.json

    return send


def shown(client, **query):
    return client.get("/_control/connections", query_string=query).json["connections"]


def test_the_state_is_a_summary_in_numbers(client):
    assert client.get("/_control/state").json == {
        "now": "2026-11-20T12:00:00.000000Z",
        "speed": 1.0,
        "seed": 1,
        "limits": "paid",
        "requests_left": 20000,
        "plan": "business_critical",
        "previews": True,
        "role": "Account Administrator",
        "groups": 1,
        "connectors": 12,
        "setup_states": {"broken": 1, "connected": 10, "incomplete": 1},
        "faults": 0,
        "requests": 0,
    }


def test_the_clock_is_moved_set_and_sped_up(post):
    moved = post("clock", {"advance": 90.5})
    set_to = post("clock", {"set": "2026-12-01T00:00Z"})
    number = post("clock", {"set": set_to_seconds("2026-12-02T00:00:00+00:00"), "speed": 0})

    assert moved["now"] == "2026-11-20T12:01:30.500000Z"
    assert set_to["now"] == "2026-12-01T00:00:00.000000Z"
    assert (number["now"], number["speed"]) == ("2026-12-02T00:00:00.000000Z", 0)


def set_to_seconds(text):
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    "body",
    [
        {"set": "2026-11-20T11:59:59Z"},
        {"set": "yesterday"},
        {"advance": -1},
        {"advance": True},
        {"speed": "fast"},
        {"set": "9999-01-01T00:00Z"},
        {"set": 4e10},
        {"hours": 1},
    ],
)
def test_an_invalid_time_is_refused_and_leaves_the_clock_unchanged(client, post, body):
    post("clock", body, status=400)

    assert client.get("/_control/state").json["now"] == "2026-11-20T12:00:00.000000Z"


def test_a_clock_runs_at_a_speed_from_the_moment_it_is_set():
    base = [START]
    clock = Clock(lambda: base[0], speed=60)
    base[0] = START.replace(second=10)
    after_ten = clock() - START.timestamp()
    clock.speed = 0
    base[0] = START.replace(minute=30)
    stopped = clock() - START.timestamp()
    clock.speed = 2
    base[0] = START.replace(minute=31)

    assert (after_ten, stopped, clock() - START.timestamp()) == (600, 600, 720)


def test_reset_restores_the_same_world(client, post, api, world):
    before = world.snapshot()
    api.post("/groups", {"name": "Another"})
    post("clock", {"advance": 7200})
    post("seed", {"connectors": 30})

    state = post("reset", {"now": "2026-11-20T12:00:00Z"})

    assert world.snapshot() == before
    assert (state["connectors"], state["requests"]) == (12, 0)


def test_reset_takes_seed_time_speed_plan_and_populated(post):
    state = post(
        "reset",
        {"seed": 8, "now": "2025-01-01T00:00Z", "speed": 0, "limits": "off", "populated": False},
    )

    assert (state["seed"], state["speed"], state["limits"]) == (8, 0, "off")
    assert (state["now"], state["connectors"]) == ("2025-01-01T00:00:00.000000Z", 0)


def test_groups_and_connectors_are_added_evenly(client, post, api):
    state = post("seed", {"groups": 3, "connectors": 7})
    again = post("seed", {"groups": 1, "connectors": 0})

    assert (state["groups"], state["connectors"]) == (4, 19)
    sizes = [
        len(api.data(f"/groups/{group_id}/connections")["items"])
        for group_id in state["new_groups"]
    ]
    assert sizes == [3, 2, 2]
    names = {group["name"] for group in api.data("/groups")["items"]}
    assert {"Sandbox_Customer_001", "Sandbox_Customer_004"} < names
    assert len(again["new_groups"]) == 1


def test_seeded_connectors_have_the_requested_states(api, world):
    world.control.reset(populated=False)

    world.control.seed(connectors=24, states=dict.fromkeys(STATES, 2))

    states = {}
    for name, item in zip(
        [name for name in STATES for _ in range(2)], api.data("/connections")["items"], strict=False
    ):
        status = item["status"]
        states[name] = [status[key] for key in ("setup_state", "sync_state", "update_state")]
        states[name] += [status["is_historical_sync"], item["paused"], bool(status["tasks"])]
    assert states.pop("healthy")[0] == "connected"
    assert states.pop("failing")[::5] == ["connected", True]
    assert states.pop("failing_without_task")[::5] == ["connected", False]
    assert states == {
        "syncing": ["connected", "syncing", "on_schedule", False, False, False],
        "first_sync": ["connected", "syncing", "on_schedule", True, False, False],
        "paused": ["connected", "paused", "on_schedule", False, True, False],
        "broken": ["broken", "scheduled", "on_schedule", False, False, True],
        "broken_until_sync": ["broken", "scheduled", "on_schedule", False, False, False],
        "incomplete": ["incomplete", "scheduled", "on_schedule", True, False, False],
        "delayed": ["connected", "scheduled", "delayed", False, False, False],
        "rescheduled": ["connected", "rescheduled", "on_schedule", False, False, False],
    }


def test_seeded_connectors_continue_to_sync(api, world):
    world.control.reset(populated=False)
    world.control.seed(connectors=22, states=dict.fromkeys(STATES, 2))

    world.advance(25 * 3600)

    now = stamp(world.clock())
    for item in api.data("/connections")["items"]:
        resting = item["status"]["setup_state"] != "connected" or item["paused"]
        ended = max(item["succeeded_at"] or "", item["failed_at"] or "")
        assert resting or ended > "2026-11-21T06", item
        assert ended < now


@pytest.mark.parametrize(
    "body",
    [{"now": "1969-01-01T00:00Z"}, {"seed": -1}, {"limits": "gold"}, {"populated": 1}, {"age": 1}],
)
def test_an_invalid_reset_is_refused_and_changes_nothing(post, world, body):
    before = world.snapshot()

    post("reset", body, status=400)

    assert world.snapshot() == before


@pytest.mark.parametrize(
    "body",
    [
        {"connectors": 10_001},
        {"groups": 101},
        {"connectors": 1, "states": {"broken": 2}},
        {"connectors": 1, "states": {"bored": 1}},
        {"connectors": 1, "states": ["broken"]},
        {"connectors": -1},
    ],
)
def test_an_invalid_seed_is_refused_and_adds_nothing(client, post, body):
    post("seed", body, status=400)

    assert client.get("/_control/state").json["connectors"] == 12


@pytest.mark.parametrize("field", ["groups", "states"])
def test_a_null_counts_as_absent(client, post, field):
    body = {"groups": 1, "connectors": 1, "states": {"paused": 1}}
    del body[field]

    with_null, without = post("seed", {**body, field: None}), post("seed", body)

    assert len(with_null["new_groups"]) == len(without["new_groups"])


def test_a_field_of_the_path_is_unknown_in_the_body(post, seeded):
    path = f"connections/{seeded('salesforce_crm')['id']}/delay"

    answer = post(path, {"connection_id": "another"}, status=400)

    assert answer["message"] == "Unknown field 'connection_id'"


def test_a_connector_is_broken_mended_delayed_and_rescheduled(client, post, seeded):
    connection_id = seeded("salesforce_crm")["id"]

    broken = post(f"connections/{connection_id}/break")
    mended = post(f"connections/{connection_id}/mend")
    loose = post(f"connections/{connection_id}/break", {"until": "sync"})
    again = post(f"connections/{connection_id}/mend")
    delayed = post(f"connections/{connection_id}/delay", {"seconds": 1800})
    back = post(f"connections/{connection_id}/mend")
    rescheduled = post(f"connections/{connection_id}/reschedule", {"seconds": 60})

    def states(item):
        status = item["status"]
        return status["setup_state"], status["sync_state"], status["update_state"]

    assert states(broken) == ("broken", "scheduled", "on_schedule")
    assert states(mended) == ("connected", "syncing", "on_schedule")
    assert states(loose) == ("broken", "scheduled", "on_schedule")
    assert (broken["status"]["tasks"][0]["code"], loose["status"]["tasks"]) == ("reconnect", [])
    assert states(again) == ("connected", "syncing", "on_schedule")
    assert states(delayed) == ("connected", "scheduled", "delayed")
    assert states(back) == ("connected", "syncing", "on_schedule")
    assert rescheduled["status"]["rescheduled_for"] == "2026-11-20T12:01:00.000000Z"


def test_a_connector_that_does_not_sync_cannot_be_delayed(post, seeded, world):
    post(f"connections/{seeded('jira_projects')['id']}/delay", status=409)
    post("connections/nobody/delay", status=404)
    post(f"connections/{seeded('zendesk_support')['id']}/break", {"until": "sync"}, status=409)
    post(f"connections/{seeded('stripe_payments')['id']}/break", {"until": "x"}, status=400)

    with pytest.raises(Conflict):
        world.control.reschedule(seeded("zendesk_support")["id"])


def test_connectors_are_found_by_name_service_and_id(client, world):
    by_name = shown(client, search="Webshop")
    by_service = shown(client, search="google_")
    by_id = shown(client, search=by_name[0]["id"])
    world.add_connections(50)

    assert [item["schema"] for item in by_name] == ["webshop"] == [by_id[0]["schema"]]
    assert len(by_service) == 3
    assert "config" not in by_name[0]
    assert len(shown(client)) == 20
    assert client.get("/_control/connections").json["found"] == 62


def test_faults_are_added_listed_and_cleared_over_http(client, post, api):
    first = post("faults", {"kind": "500", "path": "/v1/groups", "times": 2}, status=201)
    post("faults", {"kind": "502", "share": 0.5}, status=201)
    status = api.get("/groups").status_code
    listed = client.get("/_control/faults").json["faults"]
    left = client.delete(f"/_control/faults/{first['id']}").json["faults"]
    none = client.delete("/_control/faults").json["faults"]

    assert status == 500
    assert [(fault["kind"], fault["struck"]) for fault in listed] == [("500", 1), ("502", 0)]
    assert [(fault["kind"], fault["times"]) for fault in left] == [("502", None)]
    assert none == []
    assert client.delete("/_control/faults/fault-1").status_code == 404


def test_the_log_counts_requests_by_kind(client, api, seeded):
    client.delete("/_control/requests")
    connection_id = seeded("webshop")["id"]
    api.get(f"/connections/{connection_id}")
    api.get("/nowhere")
    client.get("/icons/hubspot.svg")

    log = client.get("/_control/requests").json

    assert log["counts"] == {
        "GET /v1/connections": 1,
        "GET /v1/connections/{connection_id}": 1,
        "GET other": 1,
        "GET /icons/{service_id}.svg": 1,
    }
    assert (log["total"], log["api"]) == (4, 2)
    assert [(entry["number"], entry["status"]) for entry in log["requests"]] == [
        (1, 200),
        (2, 200),
        (3, 404),
        (4, 200),
    ]
    assert log["requests"][1]["path"] == f"/v1/connections/{connection_id}"
    assert log["requests"][0]["time"] == "2026-11-20T12:00:00.000000Z"


def test_the_log_can_be_read_from_a_number(client, api):
    for _ in range(5):
        api.get("/groups")

    tail = client.get("/_control/requests?after=3").json["requests"]
    latest = client.get("/_control/requests?limit=1").json["requests"]

    assert [entry["number"] for entry in tail] == [4, 5]
    assert [entry["number"] for entry in latest] == [5]


def test_the_log_keeps_the_latest_thousand_and_counts_all(client, world):
    for number in range(1500):
        world.control.log.add(
            time="", method="GET", path=f"/{number}", status=200, milliseconds=0.1, kind="GET /"
        )

    log = client.get("/_control/requests").json

    assert (len(log["requests"]), log["requests"][0]["path"]) == (1000, "/500")
    assert log["counts"] == {"GET /": 1500}


def test_neither_log_nor_snapshot_nor_state_contains_a_secret(client, create, world):
    uri = create()["connect_card"]["uri"]
    client.get(uri)

    text = b"".join(
        client.get(f"/_control/{path}").data
        for path in ("requests", "snapshot", "state", "connections")
    ).decode()

    assert "/connect-card/setup" in text
    for secret in (world.api_key, world.api_secret, uri.partition("auth=")[2][:60]):
        assert secret not in text


def test_the_snapshot_is_the_world_as_json(client, world):
    assert client.get("/_control/snapshot").data == world.snapshot()
    assert len(json.loads(world.snapshot())["connections"]) == 12


PROXY_HEADERS = {
    "CDN-Loop": "cloudflare",
    "CF-Connecting-IP": "203.0.113.9",
    "CF-Ray": "1",
    "Fastly-Client-IP": "127.0.0.1",
    "Forwarded": "for=127.0.0.1",
    "True-Client-IP": "203.0.113.9",
    "Via": "1.1 proxy",
    "X-Amzn-Trace-Id": "Root=1",
    "X-Client-IP": "203.0.113.9",
    "X-Cluster-Client-IP": "127.0.0.1",
    "X-Envoy-Internal": "true",
    "X-Forwarded": "127.0.0.1",
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Host": "localhost",
    "X-Forwarded-Proto": "https",
    "X-Original-Forwarded-For": "127.0.0.1",
    "X-Real-IP": "203.0.113.9",
}


@pytest.mark.parametrize("path", ["", "state", "snapshot", "faults", "requests", "connections"])
@pytest.mark.parametrize(
    ("headers", "caller"),
    [
        pytest.param({"Origin": "https://evil.example"}, "127.0.0.1", id="foreign-origin"),
        pytest.param({"Origin": "null"}, "127.0.0.1", id="no-origin"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, "127.0.0.1", id="cross-site"),
        pytest.param({"Host": "evil.example"}, "127.0.0.1", id="rebound-name"),
        *(
            pytest.param({name: value}, "127.0.0.1", id=name)
            for name, value in PROXY_HEADERS.items()
        ),
        pytest.param(
            {"Referer": "https://demo.example/"}, "127.0.0.1", id="referred-from-elsewhere"
        ),
        pytest.param({"Host": "demo.example:8501"}, "127.0.0.1", id="called-by-another-name"),
        pytest.param({}, "203.0.113.9", id="another-machine"),
    ],
)
def test_control_answers_this_machine_and_its_own_pages_only(client, path, headers, caller):
    answer = client.get(
        f"/_control/{path}", headers=headers, environ_overrides={"REMOTE_ADDR": caller}
    )

    assert (answer.status_code, answer.json["code"]) == (403, "Forbidden")


@pytest.mark.parametrize(("path", "body"), CONTROLS)
def test_a_body_that_a_form_could_send_changes_nothing(client, world, path, body):
    before = world.snapshot()

    answers = [
        client.post(f"/_control/{path}", data=json.dumps(body), content_type=kind).status_code
        for kind in ("text/plain", "application/x-www-form-urlencoded", None)
    ]

    assert answers == [415, 415, 415]
    assert world.snapshot() == before


@pytest.mark.parametrize(("path", "body"), CONTROLS)
def test_its_own_page_may_use_it(client, path, body):
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}

    answer = client.post(f"/_control/{path}", json=body, headers=headers)

    assert answer.status_code in (200, 201)


def test_a_proxy_that_speaks_http_1_0_without_headers_is_refused(client):
    plain = {"SERVER_PROTOCOL": "HTTP/1.0", "REMOTE_ADDR": "127.0.0.1"}

    answer = client.get("/_control/", environ_overrides=plain)

    assert answer.status_code == 403


def test_a_closed_control_answers_nobody(world):
    client = create_app(world, close_control=True).test_client()

    assert client.get("/_control/state").status_code == 403
    assert client.get("/_control/").status_code == 403


def test_an_open_control_answers_other_machines_but_no_foreign_page(world):
    client = create_app(world, open_control=True).test_client()
    remote = {"REMOTE_ADDR": "203.0.113.9"}
    headers = {"Host": "demo.example"}

    direct = client.get("/_control/state", headers=headers, environ_overrides=remote)
    foreign = {**headers, "Origin": "https://evil.example"}
    page = client.get("/_control/state", headers=foreign, environ_overrides=remote)

    assert (direct.status_code, page.status_code) == (200, 403)


def test_the_page_shows_every_control_and_runs_no_foreign_code(client):
    bare = client.get("/_control")
    page = client.get("/_control/")

    assert (bare.status_code, bare.headers["Location"]) == (308, "http://localhost/_control/")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script>" not in page.text
    assert "style=" not in page.text
    for asset in ("card.css", "control.css", "control.js"):
        assert f"static/{asset}" in page.text
        with client.get(f"/_control/static/{asset}") as answer:
            assert answer.status_code == 200


def test_control_needs_no_key_and_counts_no_requests(client, world):
    client.get("/_control/state")

    assert world.limits.left(world.clock()) == 20000
    assert world.control.log.total == 0


def test_in_the_same_process_control_is_a_python_object(world):
    world.control.advance(60)
    world.control.change_clock(set=START.timestamp() + 120)

    assert world.clock() == START.replace(minute=2).timestamp()
    with pytest.raises(InvalidInput, match="only moves forward"):
        world.control.change_clock(set=START.timestamp())
    with pytest.raises(InvalidInput, match="trial, paid, off"):
        world.control.set_limits("gold")


def test_the_command_takes_speed_seed_sizes_and_limits(monkeypatch):
    served = {}
    monkeypatch.setattr(
        cli, "main", lambda *address, **options: served.update(options, address=address)
    )

    main(
        [
            "sandbox",
            "--port=0",
            "--speed=60",
            "--seed=5",
            "--groups=2",
            "--connectors=8",
            "--limits=trial",
        ]
    )

    state = served["world"].control.state()
    assert (state["speed"], state["seed"], state["limits"]) == (60, 5, "trial")
    assert (state["groups"], state["connectors"]) == (3, 20)
    assert (served["address"], served["open_control"]) == (("127.0.0.1", 0), False)


@pytest.mark.parametrize(
    "option", ["--speed=-1", "--speed=nan", "--connectors=10001", "--groups=x", "--limits=gold"]
)
def test_the_command_refuses_invalid_options(capsys, option):
    with pytest.raises(SystemExit) as ended:
        main(["sandbox", option])

    assert ended.value.code == 2
    assert option.partition("=")[0] in capsys.readouterr().err


def test_made_up_methods_do_not_fill_the_log(client, world):
    for number in range(MOST_KINDS + 50):
        client.open("/v1/groups", method=f"MADEUP{number}")

    assert len(world.control.log.counts) <= MOST_KINDS + 1
    assert world.control.log.total == MOST_KINDS + 50
