"""Scenarios: the library, its files, and what happens when."""

import sys

import pytest

from pbf.sandbox.control.fault_rules import pattern
from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.program import main
from pbf.sandbox.scenarios import scenario
from pbf.sandbox.scenarios.player import Player
from pbf.sandbox.scenarios.recording import Account, record
from pbf.sandbox.server import SandboxServer

MINIMAL = "name: x\ngroups:\n  - name: A\n"
CONNECTOR = "    connectors:\n      - service: stripe\n        schema: pay\n"


@pytest.fixture
def play(world):
    """Return what loads a scenario into a world whose clock stands still."""

    def play(text: str) -> Player:
        world.clock.speed = 0
        file = scenario.parse(text) if "\n" in text else scenario.load(text)
        return Player(world, file.scenario)

    return play


def connection(api, schema):
    [item] = [one for one in api.data("/connections")["items"] if one["schema"] == schema]
    return item


def test_the_library_has_eleven_scenarios():
    assert len(scenario.names()) == 11


@pytest.mark.parametrize("name", scenario.names())
def test_each_scenario_is_saved_to_the_same_bytes_and_plays(name, play, world, api):
    text = scenario._library(name).read_text(encoding="utf-8")
    assert scenario.load(name).text() == text

    player = play(name)
    for moment in list(player._coming):
        world.clock.set(moment.at)
        player.play_due()

    expected = sum(
        group.copies * (len(group.connectors) + sum(group.samples.values()))
        for group in player.scenario.groups
    )
    assert len(world.connections) == expected
    assert not player._coming


@pytest.mark.parametrize("name", scenario.names())
def test_icons_come_from_elsewhere_and_do_not_fail_with_the_api(name):
    events = scenario.load(name).scenario.events
    faults = [event.fault for event in events if event.fault]

    assert not [fault for fault in faults if pattern(fault.path).fullmatch("/icons/stripe.svg")]


def test_events_happen_when_the_clock_reaches_them(play, world, api):
    play("credential_expires")
    assert connection(api, "production")["status"]["setup_state"] == "connected"

    world.clock.advance(1201)
    assert connection(api, "production")["status"]["setup_state"] == "broken"

    world.clock.advance(180)
    assert connection(api, "production")["status"]["setup_state"] == "connected"


def test_copies_of_a_group_are_numbered(play, world):
    play("thousand_customers")

    names = [group.name for group in world.groups.values()]
    assert names[:4] == ["Acme_Warehouse", "Hooli", "Customer_0001", "Customer_0002"]
    assert names[-1] == "Customer_0999"


def test_requests_are_used_up_for_some_minutes(play, world, api):
    play("rate_limit_is_near")

    world.clock.advance(60)
    assert api.get("/groups").headers["X-Rate-Limit-Remaining"] == "39"
    world.clock.advance(120)
    assert api.get("/groups").status_code == 429
    world.clock.advance(600)
    assert api.get("/groups").status_code == 200


@pytest.mark.parametrize(
    ("handling", "table", "column"),
    [
        pytest.param("ALLOW_ALL", True, True, id="allow-all"),
        pytest.param("ALLOW_COLUMNS", False, True, id="allow-columns"),
        pytest.param("BLOCK_ALL", False, False, id="block-all"),
    ],
)
def test_what_a_source_gets_later_is_synced_as_the_connector_says(
    handling, table, column, play, world, api
):
    play(
        MINIMAL
        + "    connectors:\n      - service: postgres\n        schema: pay\n"
        + f"        schema_change_handling: {handling}\n"
        + "events:\n  - {after: 1m, connector: pay, adds: {public: ['new: id* x', 'orders: y']}}\n"
    )
    path = f"/connections/{connection(api, 'pay')['id']}/schemas"
    columns = f"{path}/public/tables/orders/columns"
    assert "new" not in api.data(path)["schemas"]["public"]["tables"]
    assert "y" not in api.data(columns)["columns"]

    world.clock.advance(60)

    tables = api.data(path)["schemas"]["public"]["tables"]
    assert tables["new"]["enabled"] is table
    assert tables["orders"]["enabled"] is True
    assert api.data(columns)["columns"]["y"]["enabled"] is column


def test_a_fault_lasts_as_long_as_it_says(play, world, api):
    play("fivetran_is_down")
    statuses = []
    for seconds in (0, 61, 300, 301):
        world.clock.advance(seconds)
        statuses.append(api.get("/groups").status_code)

    assert statuses == [200, 502, 502, 200]


def test_a_reset_of_the_world_ends_the_scenario(play, world, api):
    play("fivetran_is_down")

    world.reset()
    world.clock.advance(120)

    assert api.get("/groups").status_code == 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: [", "not valid YAML. line", id="no-yaml"),
        pytest.param("name: x\n", "groups: Field required", id="no-groups"),
        pytest.param(MINIMAL + "    size: 3\n", "groups.0.size: Extra", id="unknown-key"),
        pytest.param(MINIMAL + "    samples: {ill: 1}\n", "no state 'ill'", id="state"),
        pytest.param(
            MINIMAL + CONNECTOR.replace("stripe", "strife"), "no service 'strife'", id="service"
        ),
        pytest.param(
            MINIMAL + CONNECTOR + "events:\n  - {after: 1 h, connector: pay, becomes: broken}\n",
            "events.0.after: Value error, '1 h' is not a duration",
            id="duration",
        ),
        pytest.param(
            MINIMAL + CONNECTOR + "events:\n  - {after: 1h, connector: other, becomes: broken}\n",
            "no connector has the schema 'other'",
            id="connector",
        ),
        pytest.param(MINIMAL + "events:\n  - {after: 1h}\n", "say what happens", id="nothing"),
        pytest.param(MINIMAL + "    copies: 2\n", "the first group has no copies", id="copies"),
        pytest.param(
            MINIMAL
            + CONNECTOR
            + "events:\n  - {after: 1h, connector: pay, adds: {x: ['t: id']}}\n",
            "the source of pay has no 'x'",
            id="source",
        ),
        pytest.param(
            MINIMAL + "events:\n  - {after: 1h, caption: {title: T, text: X, page: tables}}\n",
            "connector belongs to the pages connector and tables",
            id="caption",
        ),
        pytest.param(
            MINIMAL + "events:\n  - {after: 1h, caption: {title: T, text: X}}\n",
            "the first caption is that of an event after 0s",
            id="first-caption",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(text, message):
    with pytest.raises(InvalidInput) as caught:
        scenario.parse(text)

    assert message in caught.value.message


def test_an_unknown_name_lists_the_library():
    with pytest.raises(InvalidInput, match="credential_expires"):
        scenario.load("nosuch")


def shown(api):
    """What the API says of each group, ids and times aside."""
    return {
        group["name"]: sorted(
            (
                item["service"],
                item["schema"],
                item["sync_frequency"],
                item["paused"],
                item["status"]["setup_state"],
                item["status"]["sync_state"],
                item["status"]["update_state"],
            )
            for item in api.data(f"/groups/{group['id']}/connections", limit=1000)["items"]
        )
        for group in api.data("/groups")["items"]
    }


@pytest.mark.parametrize("keep_names", [True, False])
def test_a_recorded_account_can_be_loaded_again(api, world, play, keep_names):
    world.clock.speed = 0
    world.add_customer("Globex")
    play("every_state")
    before = shown(api)
    with SandboxServer(world=world) as server:
        account = Account(server.url, world.api_key, world.api_secret)
        recorded = record(account, name="Recorded", keep_names=keep_names)

    play(scenario.parse(recorded.text()).text())

    after = shown(api)
    if keep_names:
        assert after == before
    else:
        assert "Acme_Warehouse" not in recorded.text()
        states = [sorted(item[3:] for item in items) for items in before.values()]
        assert [sorted(item[3:] for item in items) for items in after.values()] == states


def test_the_program_writes_a_scenario_file(world, tmp_path, monkeypatch, capsys):
    file = tmp_path / "mine.yaml"
    with SandboxServer(world=world) as server:
        monkeypatch.setenv("FIVETRAN_API_KEY", world.api_key)
        monkeypatch.setenv("FIVETRAN_API_SECRET", world.api_secret)
        monkeypatch.setenv("FIVETRAN_API_URL", server.url)
        assert main(["record", str(file)]) == 0
        monkeypatch.setenv("FIVETRAN_API_SECRET", "wrong-secret")
        assert main(["record", str(file), "--url", server.url]) == 1

    assert len(scenario.load(str(file)).scenario.groups[0].connectors) == 12
    assert world.api_secret not in file.read_text()
    assert "401" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://api.example.com", "http://127.0.0.1.example.com"])
def test_a_secret_is_not_sent_in_the_clear(url):
    with pytest.raises(InvalidInput, match="https"):
        Account(url, "key", "secret")


def test_a_scenario_sets_the_switches_and_another_one_restores_them(play, world):
    play(f"{MINIMAL}switches:\n  plan: standard\n  previews: false\n  role: Account Reviewer\n")
    state = world.control.state()
    play(MINIMAL)
    after = world.control.state()

    names = ("plan", "previews", "role")
    assert [state[name] for name in names] == ["standard", False, "Account Reviewer"]
    assert [after[name] for name in names] == ["business_critical", True, "Account Administrator"]


@pytest.mark.parametrize(
    ("switch", "message"), [("plan: gold", "free, standard"), ("role: King", "Account Analyst")]
)
def test_an_unknown_switch_of_a_scenario_names_the_known_ones(switch, message):
    with pytest.raises(InvalidInput, match=message):
        scenario.parse(f"{MINIMAL}switches:\n  {switch}\n")


def test_a_connector_breaks_until_a_sync_in_a_scenario(play, api, world):
    event = "events:\n  - after: 1h\n    connector: pay\n    becomes: broken_until_sync\n"
    play(f"{MINIMAL}{CONNECTOR}{event}")
    world.clock.advance(3601)
    broken = connection(api, "pay")

    api.post(f"/connections/{broken['id']}/sync", {})
    world.clock.advance(60)

    assert (broken["status"]["setup_state"], broken["status"]["tasks"]) == ("broken", [])
    assert connection(api, "pay")["status"]["setup_state"] == "connected"


def test_without_a_yaml_parser_it_says_what_to_install(monkeypatch):
    for name in ("ruamel", "ruamel.yaml", "ruamel.yaml.error"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(InvalidInput, match=r"pip install 'fivetran-sandbox\[scenarios\]'"):
        scenario.load("every_state")
