import re
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import responses
from streamlit.testing.v1 import AppTest

from pbf import runtime as runtimes
from pbf.errors import StoreFailed
from pbf.fivetran.models import Connector
from pbf.ui.connector.detail import notes
from tests.pages.conftest import API, CONNECTORS, SERVICES
from tests.pages.reading import (
    assert_one_sentence,
    components,
    everything,
    html,
    labels,
    press,
    texts,
)

pytestmark = pytest.mark.usefixtures("without_lists")
OURS = f"{API}/v1/connections/ours"
ROW = {
    "id": "ours",
    "service": "stripe",
    "schema": "money",
    "group_id": "our_group",
    "paused": False,
    "sync_frequency": 60,
    "schedule_type": "auto",
    "created_at": "2026-11-01T00:00:00Z",
    "succeeded_at": "2026-11-02T00:00:00Z",
    "status": {
        "setup_state": "connected",
        "sync_state": "scheduled",
        "update_state": "on_schedule",
        "tasks": [],
        "warnings": [],
    },
}


@pytest.fixture
def account(fivetran) -> responses.RequestsMock:
    """An account of one connector that offers neither past syncs nor errors."""
    fivetran.get(SERVICES, json={"data": {"items": [{"id": "stripe", "name": "Stripe"}]}})
    fivetran.get(CONNECTORS, json={"data": {"items": [ROW]}})
    fivetran.get(f"{OURS}/sync-history", status=404, json={})
    fivetran.get(f"{OURS}/errors", status=403, json={})
    return fivetran


def dead(app: AppTest) -> set[str]:
    return {button.label for button in app.button if button.disabled}


def headers(app: AppTest) -> list[str]:
    return [header.value for header in app.header]


def status(app: AppTest) -> str:
    shown = html(app).partition('class="pbf-state">')[2].partition("</p>")[0]
    return re.sub("<[^>]*>", "", shown)


def sent(sandbox, method: str) -> list[str]:
    return [
        request["path"]
        for request in sandbox.world.control.log.entries()
        if request["method"] == method
    ]


@pytest.mark.parametrize(
    ("schema", "text", "step"),
    [
        pytest.param(
            "zendesk_support", "! Needs you The source no longer", "Reconnect", id="broken"
        ),
        pytest.param("webshop", "! Needs you The source closed", "Sync now", id="task"),
        pytest.param(
            "facebook_ads_dach", "Not finished The set-up", "Finish set-up", id="unfinished"
        ),
        pytest.param("linkedin_ads_b2b", "Late The last sync is later", "Sync now", id="late"),
        pytest.param("jira_projects", "Paused No data moves", "Resume", id="paused"),
        pytest.param("stripe_payments", "✓ Working On schedule.", "Sync now", id="working"),
        pytest.param("shopify_storefront", "First sync Reading everything", "Sync now", id="first"),
        pytest.param("google_analytics_web", "Waiting on the source", "Sync now", id="waiting"),
    ],
)
def test_how_it_is_comes_first_and_then_the_one_thing_to_do(
    runtime, named, visit, schema: str, text: str, step: str
):
    app = visit("connector", id=named(schema).id)

    assert f"<h1>{schema}</h1>" in html(app)
    assert text in status(app)
    assert labels(app)[0] == step
    assert not app.exception


def test_the_facts_are_told(runtime, named, visit):
    connection = named("stripe_payments")

    page = html(visit("connector", id=connection.id))

    assert "<dt>Service</dt><dd>Stripe</dd>" in page
    assert "<dt>Permanent name</dt><dd><code>stripe_payments</code></dd>" in page
    assert "<dt>Schedule</dt><dd>Hourly</dd>" in page
    assert re.search(r'<dt>Created</dt><dd><time [^>]*title="[^"]* UTC">6 months ago', page)
    assert re.search(
        r'<dt>Next sync</dt><dd><span title="About [^"]* UTC">in about 3\d minutes', page
    )
    assert f"<code>{connection.id}</code>" in page


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        pytest.param("stripe_payments", "<code>stripe_payments</code>", id="schema"),
        pytest.param(
            "sales_targets.plan",
            "<code>sales_targets</code>, table <code>plan</code>",
            id="schema-and-table",
        ),
        pytest.param(
            "webshop", "<code>webshop_…</code>, one for each schema of the source", id="prefix"
        ),
    ],
)
def test_where_the_data_is_in_the_destination_is_told(
    runtime, named, visit, schema: str, text: str
):
    assert f"<dt>Destination schema</dt><dd>{text}</dd>" in html(
        visit("connector", id=named(schema).id)
    )


def test_tasks_and_warnings_are_told_in_full(runtime, named, visit):
    long = "The source said: " + "no " * 200 + "more"
    named("hubspot_marketing").warnings[0]["details"] = long

    page = html(visit("connector", id=named("hubspot_marketing").id))

    assert "Some tables were skipped" in page
    assert long in page


def test_where_there_are_none_of_them_it_says_so(runtime, named, visit):
    assert "has no tasks or warnings" in html(visit("connector", id=named("stripe_payments").id))


def test_past_syncs_and_errors_are_shown_where_the_account_offers_them(runtime, named, visit):
    app = visit("connector", id=named("webshop").id)

    assert headers(app) == ["Facts", "Promise", "Tasks and warnings", "Errors", "Recent syncs"]
    assert "40 seconds" in html(app)
    assert "Failed</span>" in html(app)


@pytest.mark.parametrize("status", [403, 404])
def test_an_account_without_past_syncs_and_errors_is_told_so(account, visit, status):
    account.upsert("GET", f"{OURS}/sync-history", status=status, json={})
    account.upsert("GET", f"{OURS}/errors", status=status, json={})

    app = visit("connector", id="ours")

    assert headers(app) == ["Facts", "Promise", "Tasks and warnings", "Recent syncs"]
    assert "Fivetran does not provide sync history for this account." in html(app)
    assert not app.error
    assert not app.exception


def test_a_refusal_of_past_syncs_is_told_and_kept_as_the_answer(account, visit):
    account.upsert("GET", f"{OURS}/sync-history", status=400, json={})
    account.upsert("GET", f"{OURS}/errors", status=400, json={})

    app = visit("connector", id="ours")

    assert "Fivetran refused the request for the sync history." in html(app)
    assert not app.exception


def test_recent_syncs_are_those_of_the_last_seven_days(account, visit):
    visit("connector", id="ours")

    [request] = [call.request for call in account.calls if "sync-history" in call.request.url]
    since, until = (
        datetime.fromisoformat(request.params[name]) for name in ("start_time", "end_time")
    )
    assert until - since == timedelta(days=7)
    assert timedelta(0) <= until - datetime.now(UTC) + timedelta(minutes=1)
    assert request.headers["Accept"] == "application/json;version=2"


def test_syncs_that_wait_or_run_or_end_in_a_way_that_is_new_to_us_are_all_shown(account, visit):
    items = [
        {"id": "1", "started_at": "2026-11-02T00:00:00Z", "status": "NEW_\u202eWORD"},
        {"id": "2", "started_at": None},
        {"id": "3", "started_at": "2026-11-01T00:00:00Z", "ended_at": "2026-11-01T00:00:40Z"},
        {"id": "4", "status": "FAILED"},
        "odd",
    ]
    account.upsert("GET", f"{OURS}/sync-history", json={"data": {"items": items}})

    app = visit("connector", id="ours")

    table = html(app).partition("<tbody>")[2].partition("</tbody>")[0]
    text = re.sub(r"<[^>]*>", " ", table.replace("</tr>", "|"))
    rows = [" ".join(row.split()) for row in text.split("|") if row.strip()]
    assert rows[0] == "not started yet · Queued"
    assert rows[1].endswith("ago · NEW_ WORD")
    assert rows[2].endswith("ago 40 seconds · Ended")
    assert rows[3] == "not known ! Failed"
    assert "1 entry could not be read." in html(app)


def test_of_many_syncs_the_newest_are_shown_whatever_their_order(account, visit):
    hours = [f"2026-11-01T{hour:02}:00:00Z" for hour in range(24)]
    items = [{"start": hour, "end": hour, "status": "SUCCESSFUL"} for hour in hours]
    account.upsert("GET", f"{OURS}/sync-history", json={"data": {"items": items}})

    app = visit("connector", id="ours")

    assert html(app).count("Done</span>") == 20
    assert "2026-11-01 23:00:00 UTC" in html(app)
    assert "2026-11-01 03:00:00 UTC" not in html(app)
    assert "The newest 20 of 24 in the last 7 days." in html(app)


def test_the_last_seven_days_are_those_of_fivetrans_clock_where_it_is_ahead(
    sandbox, runtime, named, visit
):
    sandbox.world.clock.advance(30 * 24 * 3600)

    app = visit("connector", id=named("stripe_payments").id)

    assert html(app).count("Done</span>") == 20
    assert "in the last 7 days." in html(app)


def test_a_time_that_is_not_known_is_not_told_as_never(account, visit):
    errors = [{"title": "Odd", "message": "Odd.", "created_at": "9999-12-31T00:00:00Z"}]
    account.upsert("GET", f"{OURS}/errors", json={"data": {"items": errors}})
    row = {**ROW, "created_at": "1960-01-01T00:00:00Z"}
    account.upsert("GET", CONNECTORS, json={"data": {"items": [row]}})

    app = visit("connector", id="ours")

    assert "<dt>Created</dt><dd>not known</dd>" in html(app)
    assert "never" not in html(app)


def test_what_of_the_past_cannot_be_read_now_is_told(account, visit):
    account.upsert("GET", f"{OURS}/sync-history", status=500, json={})

    app = visit("connector", id="ours")

    assert headers(app)[-1] == "Recent syncs"
    assert "This could not be loaded." in html(app)
    assert not app.exception


def test_an_entry_of_the_list_that_cannot_be_read_is_counted_on_the_page(account, visit):
    account.upsert("GET", CONNECTORS, json={"data": {"items": [ROW, {"id": None}, ROW]}})

    app = visit("connector", id="ours")

    assert "list could not be read and cannot be shown here." in html(app)
    assert "Facts" in headers(app)
    assert not app.exception


def test_what_people_did_to_it_last_is_told_and_nothing_of_others(runtime, named, visit):
    connector_id, other_id = named("stripe_payments").id, named("webshop").id
    for _ in range(3):
        runtime.portal.operations.pause(connector_id)
        runtime.portal.operations.resume(connector_id)
    runtime.portal.operations.pause(other_id)

    app = visit("connector", id=connector_id)

    table = html(app).rpartition("<tbody>")[2].partition("</tbody>")[0]
    assert headers(app)[-1] == "Recent actions"
    assert re.findall(r"</td><td>(\w+)<", table) == ["Resume", "Pause", "Resume", "Pause", "Resume"]
    assert "Dashboard" in table


def test_a_database_that_fails_leaves_out_what_people_did(runtime, named, visit, monkeypatch):
    def fail(*_, **__):
        raise StoreFailed("Our own database cannot be read or written right now.")

    runtime.portal.operations.pause(named("stripe_payments").id)
    monkeypatch.setattr(runtime.store.audit, "newest", fail)

    app = visit("connector", id=named("stripe_payments").id)

    assert "Recent actions" not in headers(app)
    assert not app.exception


def test_pages_that_follow_ask_for_past_syncs_once(account, visit):
    app = visit("connector", id="ours")

    app.run()
    visit("connector", id="ours")

    urls = [call.request.url.split("?")[0] for call in account.calls]
    assert urls.count(f"{OURS}/sync-history") == 1
    assert urls.count(f"{OURS}/errors") == 1
    assert urls.count(CONNECTORS) == 1


FIRST = "Finish the set-up first."


def test_why_a_button_is_disabled_stands_below_all_buttons(runtime, named, visit):
    shown = texts(visit("connector", id=named("shopify_storefront").id))

    reasons = [at for at, text in enumerate(shown) if "A sync is already running." in text]
    assert max(reasons) > next(at for at, text in enumerate(shown) if 'label: "Delete"' in text)


def test_a_task_without_any_text_says_so():
    subject = Connector.model_validate(
        {"id": "one", "status": {"tasks": [{}, {"message": " "}, {"details": "Why"}]}}
    )

    drawn = notes(subject)

    assert drawn.count("Fivetran gives no details.") == 2
    assert "<strong></strong>" in drawn


UNFINISHED = dict.fromkeys(
    ("Sync now", "Pause", "Run setup tests", "Re-sync history", "Change schedule"), FIRST
)


@pytest.mark.parametrize(
    ("schema", "impossible", "reasons"),
    [
        pytest.param("facebook_ads_dach", set(), UNFINISHED, id="unfinished"),
        pytest.param(
            "jira_projects",
            {"Pause"},
            {"Pause": "It is already paused.", "Sync now": "Resume it first."},
            id="paused",
        ),
        pytest.param("zendesk_support", set(), {}, id="broken"),
        pytest.param(
            "shopify_storefront",
            {"Sync now"},
            {"Sync now": "A sync is already running."},
            id="syncing",
        ),
        pytest.param("stripe_payments", set(), {}, id="all-possible"),
    ],
)
def test_only_what_would_change_nothing_is_disabled_and_the_rest_says_what_to_do_first(
    runtime, named, visit, schema: str, impossible: set, reasons: dict
):
    app = visit("connector", id=named(schema).id)

    assert dead(app) == impossible
    assert {button.label: button.help for button in app.button if button.help} == reasons
    assert all(reason in html(app) for reason in reasons.values())
    assert ("Repair it first." in html(app)) is (schema == "zendesk_support")


@pytest.mark.parametrize(
    ("schema", "shown", "in_menu"),
    [
        pytest.param(
            "facebook_ads_dach",
            ["Finish set-up", "Ask a colleague"],
            [*UNFINISHED, "Plan a pause", "Delete"],
            id="unfinished",
        ),
        pytest.param(
            "jira_projects",
            ["Resume", "Pause"],
            [
                *("Edit on the Connect Card", "Run setup tests", "Re-sync history"),
                *("Change schedule", "Sync now", "Plan a pause", "Delete"),
            ],
            id="paused",
        ),
        pytest.param(
            "stripe_payments",
            ["Sync now", "Pause"],
            [
                *("Edit on the Connect Card", "Run setup tests", "Re-sync history"),
                *("Change schedule", "Plan a pause", "Delete"),
            ],
            id="working",
        ),
    ],
)
def test_few_actions_are_shown_and_the_menu_holds_the_rest_with_delete_last(
    runtime, named, visit, schema: str, shown: list, in_menu: list
):
    app = visit("connector", id=named(schema).id)

    assert labels(app) == [*shown, *in_menu]
    primary = [button.label for button in app.button if button.proto.type == "primary"]
    assert primary == (shown[:1] if schema != "stripe_payments" else [])
    [menu] = app.get("popover")
    assert [button.label for button in menu.button] == in_menu


BROKEN = {"setup_state": "broken", "sync_state": "scheduled", "update_state": "on_schedule"}


def broken(code: str, **more: object) -> dict:
    """A connector that a task of a code has broken."""
    task = {"code": code, "message": "Look", "details": "The source was away."}
    return {**ROW, "status": {**BROKEN, "tasks": [task], "warnings": []}, **more}


@pytest.mark.parametrize(
    ("row", "step"),
    [
        pytest.param(broken("update_failed"), "Sync now", id="sync"),
        pytest.param(broken("unknown_sync_failure"), "Sync now", id="unknown-failure"),
        pytest.param(broken("resync_table_warning"), "Re-sync history", id="resync"),
        pytest.param(broken("reconnect"), "Reconnect", id="reconnect"),
        pytest.param(broken("made_yesterday"), "Reconnect", id="new-to-us"),
        pytest.param(broken("update_failed", paused=True), "Resume", id="paused"),
    ],
)
def test_the_next_step_follows_the_task_and_can_be_pressed(fivetran, visit, row: dict, step: str):
    fivetran.get(SERVICES, json={"data": {"items": [{"id": "stripe", "name": "Stripe"}]}})
    fivetran.get(CONNECTORS, json={"data": {"items": [row]}})
    fivetran.get(f"{OURS}/sync-history", status=404, json={})
    fivetran.get(f"{OURS}/errors", status=403, json={})

    app = visit("connector", id="ours")

    assert labels(app)[0] == step
    assert step not in dead(app)


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        pytest.param(
            {
                "schedule_type": "TIME_OF_DAY",
                "time_of_day": "02:00:00",
                "days_of_week": ["MONDAY"],
            },
            "Mondays at 02:00 UTC",
            id="mondays",
        ),
        pytest.param({"schedule_type": "CRON", "cron": "0 9 * * 1-5"}, "0 9 * * 1-5", id="cron"),
        pytest.param({"schedule_type": "LUNAR"}, "Set at Fivetran", id="new-to-us"),
    ],
)
def test_a_schedule_is_shown_and_its_replacements_are_offered(
    fivetran, visit, schedule: dict, words: str
):
    scheduled = {**ROW, "schedule": schedule}
    fivetran.get(SERVICES, json={"data": {"items": [{"id": "stripe", "name": "Stripe"}]}})
    fivetran.get(CONNECTORS, json={"data": {"items": [scheduled]}})
    fivetran.get(f"{OURS}/sync-history", status=404, json={})
    fivetran.get(f"{OURS}/errors", status=403, json={})

    app = visit("connector", id="ours")
    assert words in html(app)
    app = press(app, "Change schedule")

    kinds = app.radio(key="schedule-kind")
    assert kinds.options[-3:] == ["At an interval", "At a time of day", "Manual only"]
    kept = "At a time of day" if "Mondays" in words else "Keep the schedule set at Fivetran"
    assert kinds.value.startswith(kept)
    assert "Save" in dead(app)


def test_the_time_that_is_offered_first_is_the_present_one(account, visit):
    schedule = {"schedule_type": "TIME_OF_DAY", "time_of_day": "02:30", "days_of_week": ["MONDAY"]}
    account.upsert("GET", CONNECTORS, json={"data": {"items": [{**ROW, "schedule": schedule}]}})

    app = press(visit("connector", id="ours"), "Change schedule")

    hour = app.selectbox(key="schedule-hour")
    assert hour.value == "02:30"
    assert hour.options[2:5] == ["02:00", "02:30", "03:00"]
    assert "This is the current schedule." in html(app)
    assert "Save" in dead(app)


def test_a_manual_connector_is_not_put_on_a_schedule_without_a_frequency(fivetran, visit):
    manual = {**ROW, "schedule_type": "manual", "sync_frequency": None}
    fivetran.get(SERVICES, json={"data": {"items": [{"id": "stripe", "name": "Stripe"}]}})
    fivetran.get(CONNECTORS, json={"data": {"items": [manual]}})
    fivetran.get(f"{OURS}/sync-history", status=404, json={})
    fivetran.get(f"{OURS}/errors", status=403, json={})
    app = visit("connector", id="ours")
    app.session_state["schedule-kind"] = "At an interval"

    app = press(app, "Change schedule")

    assert app.selectbox(key="schedule-every").value is None
    assert "Save" in dead(app)


def test_a_sync_is_started_and_shown(runtime, named, visit):
    late = named("linkedin_ads_b2b").id

    app = press(visit("connector", id=late), "Sync now")

    assert [toast.value for toast in app.toast] == ["Sync now: done"]
    assert "Syncing now." in status(app)
    assert "Sync now" in dead(app)
    assert not app.exception


def test_it_is_paused_and_resumed(runtime, named, visit):
    connector_id = named("stripe_payments").id

    paused = press(visit("connector", id=connector_id), "Pause")
    assert "Paused" in status(paused)
    resumed = press(paused, "Resume")

    assert "Paused" not in status(resumed)
    assert runtime.portal.connector(connector_id).paused is False


def test_a_pause_that_answers_500_and_worked_all_the_same_is_no_failure(
    runtime, sandbox, named, visit
):
    connector_id = named("stripe_payments").id
    app = visit("connector", id=connector_id)
    sandbox.world.control.add_fault(kind="lost_answer", method="PATCH")

    app = press(app, "Pause")

    assert "Paused" in status(app)
    assert not app.error


def test_a_sync_whose_answer_was_lost_and_that_runs_is_no_failure(runtime, sandbox, named, visit):
    connector_id = named("stripe_payments").id
    app = visit("connector", id=connector_id)
    sandbox.world.control.add_fault(kind="lost_answer", method="POST")

    app = press(app, "Sync now")

    assert "Syncing now." in status(app)
    assert not app.error


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        pytest.param("500", "Sync now: Fivetran failed to answer (500).", id="500"),
        pytest.param("429", "Sync now: ", id="429"),
        pytest.param("drop", "Sync now: ", id="no-answer"),
    ],
)
def test_an_action_that_fails_is_told_in_one_sentence_above_how_it_is(
    runtime, sandbox, named, visit, kind: str, sentence: str
):
    app = visit("connector", id=named("stripe_payments").id)
    sandbox.world.control.add_fault(kind=kind, method="POST")

    app = press(app, "Sync now")

    assert [shown.value.startswith(sentence) for shown in app.error] == [True]
    assert "Working" in status(app)
    assert not app.toast
    assert not press(app, "Pause").error
    assert not app.exception


def test_what_was_told_of_one_connector_is_not_told_of_another(runtime, sandbox, named, visit):
    app = visit("connector", id=named("stripe_payments").id)
    sandbox.world.control.add_fault(kind="500", method="POST")
    app = press(app, "Sync now")

    app.query_params["id"] = named("hubspot_marketing").id
    app = app.run()

    assert not app.error


@pytest.mark.parametrize(
    ("schema", "label"),
    [
        pytest.param("zendesk_support", "Reconnect", id="reconnect"),
        pytest.param("facebook_ads_dach", "Finish set-up", id="finish"),
        pytest.param("stripe_payments", "Edit on the Connect Card", id="edit"),
    ],
)
def test_what_is_done_on_the_card_leads_there(runtime, named, visit, schema: str, label: str):
    connector_id = named(schema).id

    app = press(visit("connector", id=connector_id), label)

    link = components(app)["redirect"]["url"].removeprefix("./_/go/")
    assert runtime.portal.signer.read_link(link, "sandy_harbour") == connector_id
    assert "auth=" not in everything(app)
    assert not app.exception


@pytest.mark.parametrize(
    ("label", "text"),
    [
        pytest.param("Re-sync history", "paid rows", id="resync"),
        pytest.param("Change schedule", "How it syncs", id="reschedule"),
        pytest.param("Delete", "stays in the destination", id="delete"),
        pytest.param("Run setup tests", "Validating credentials", id="test"),
    ],
)
def test_what_is_asked_first_stands_in_a_dialog(
    runtime, sandbox, named, visit, label: str, text: str
):
    app = visit("connector", id=named("stripe_payments").id)

    app = press(app, label)

    assert text in everything(app)
    assert [path for path in sent(sandbox, "POST") if not path.endswith("/test")] == []
    assert sent(sandbox, "PATCH") == sent(sandbox, "DELETE") == []
    assert not app.exception


def test_setup_tests_that_fail_say_what_failed(runtime, named, visit):
    app = press(visit("connector", id=named("zendesk_support").id), "Run setup tests")

    page = html(app)
    assert "Passed</span> <strong>Connecting to Zendesk Support" in page
    assert "Failed</span> <strong>Validating credentials" in page
    assert "refused these credentials" in page
    assert not app.exception


def test_the_way_to_the_tables_knows_the_connector(runtime, named, visit):
    connector_id = named("stripe_payments").id

    links = visit("connector", id=connector_id).get("page_link")

    tables = next(link.proto for link in links if link.proto.label == "Choose tables")
    assert f"id={connector_id}" in str(tables)


def test_a_service_that_fivetran_offers_no_more_is_shown_by_its_id(account, visit):
    account.upsert("GET", SERVICES, json={"data": {"items": []}})

    assert "<dt>Service</dt><dd>stripe</dd>" in html(visit("connector", id="ours"))


def test_a_catalogue_that_cannot_be_had_does_not_hide_the_connector(account, visit):
    account.upsert("GET", SERVICES, status=500)

    app = visit("connector", id="ours")

    assert "<h1>money</h1>" in html(app)
    assert not app.error


@pytest.mark.parametrize("query", [{"id": "nonesuch"}, {"id": "../groups"}, {}])
def test_a_connector_that_is_not_there_is_a_plain_message_and_the_way_back(runtime, visit, query):
    app = visit("connector", **query)

    assert [title.value for title in app.title] == ["Connector not found"]
    assert "There is no such connector." in app.info[0].value
    assert "All connectors" in everything(app)
    assert not app.exception


def test_somebody_elses_connector_is_not_there(runtime, sandbox, visit):
    group = sandbox.world.add_group("Other")
    foreign = sandbox.world.add_connections(1, group_id=group.id)[0]

    app = visit("connector", id=foreign.id)

    assert [title.value for title in app.title] == ["Connector not found"]
    assert foreign.schema not in everything(app)


def test_one_that_was_deleted_elsewhere_is_gone_when_it_is_pressed(runtime, sandbox, named, visit):
    connector_id = named("stripe_payments").id
    app = visit("connector", id=connector_id)
    runtime.portal.operations.delete(connector_id, now=True)

    app = press(app, "Pause")

    assert [title.value for title in app.title] == ["Connector not found"]
    assert not app.exception


def test_one_that_is_deleted_is_told_with_its_time_and_can_be_had_back(runtime, named, visit):
    connector = named("stripe_payments")
    app = visit("connector", id=connector.id)
    runtime.portal.operations.delete(connector.id)

    app = press(app, "Pause")

    assert [title.value for title in app.title] == ["Deleted"]
    text = app.info[0].value
    assert text.startswith("**stripe_payments** is paused and hidden.")
    assert "deleted for good in 24 hours." in text
    assert re.search(r"Until then \(.* UTC\) you can undo this\.", text)
    assert labels(app) == ["Undo", "Delete for good now"]
    assert not app.toast

    app = press(app, "Undo")

    assert "<h1>stripe_payments</h1>" in html(app)
    assert [toast.value for toast in app.toast] == ["stripe_payments is back"]
    assert not connector.paused
    assert not app.exception


def test_an_undo_that_fails_is_told_and_can_be_tried_again(runtime, sandbox, named, visit):
    connector_id = named("stripe_payments").id
    runtime.portal.operations.delete(connector_id)
    app = visit("connector", id=connector_id)
    sandbox.world.control.add_fault(kind="500", method="PATCH")

    app = press(app, "Undo")

    assert "Fivetran failed to answer (500)." in app.error[0].value
    assert "<h1>stripe_payments</h1>" in html(press(app, "Undo"))


def test_before_the_time_to_undo_is_cut_short_somebody_is_asked(runtime, sandbox, named, visit):
    connector_id = named("stripe_payments").id
    runtime.portal.operations.delete(connector_id)

    app = press(visit("tables", id=connector_id), "Delete for good now")

    assert "This cannot be undone." in everything(app)
    assert "Delete for good" in labels(app)
    assert sent(sandbox, "DELETE") == []
    assert not app.exception


def test_one_whose_time_is_over_can_be_had_back_until_it_is_gone(runtime, named, visit):
    connector_id = named("stripe_payments").id
    deletion = runtime.portal.operations.delete(connector_id)
    runtime.store.deletions.write(deletion, due_at=time.time() - 3600)
    runtime.portal._list.forget()

    app = visit("connector", id=connector_id)

    assert "deleted for good any moment. Until that is done you can still" in app.info[0].value
    runtime.portal.carry_out_deletions()
    assert app.run().success[0].value.startswith("**stripe_payments** is deleted for good.")


def test_without_a_time_to_undo_the_question_says_so(settings, sandbox, named, visit):
    with closing(runtimes.start(replace(settings, deletion_grace=0))) as at_once:
        runtimes.use(at_once)

        app = press(visit("connector", id=named("stripe_payments").id), "Delete")

    assert "are deleted at Fivetran for good." in app.markdown[0].value
    assert "undo" not in everything(app).lower()
    assert "Delete for good" in labels(app)


def test_an_account_without_connectors_has_no_such_connector(empty_runtime, visit):
    assert "There is no such connector." in visit("connector", id="ours").info[0].value


def test_a_failing_fivetran_is_told_in_one_sentence(failure, visit):
    app = visit("connector", id="ours")

    assert_one_sentence(app, failure.heading, failure.sentence)


def test_half_set_credentials_are_named(half_set, visit):
    missing = "FIVETRAN_API_SECRET and FIVETRAN_GROUP_ID are not set."
    assert_one_sentence(visit("connector", id="ours"), "The settings are incomplete", missing)


def test_without_settings_there_is_the_sandbox(unset, visit):
    app = visit("connector", id="nonesuch")

    assert "<strong>Sandbox.</strong>" in html(app)
    assert not app.exception


def test_the_last_known_state_is_marked_with_its_age(runtime, sandbox, named, hours_later, visit):
    connector_id = named("stripe_payments").id
    visit("connector", id=connector_id)
    sandbox.stop()
    hours_later(10)

    app = visit("connector", id=connector_id)

    assert "What you see is from 10 hours ago" in app.warning[0].value
    assert "Working" in status(app)
    assert not app.exception


def test_a_name_may_hold_what_html_and_markdown_would_read(account, tenant_name, visit):
    tenant_name("<b>*Till* $1$</b>")

    app = press(visit("connector", id="ours"), "Delete")

    assert "<h1>&lt;b&gt;*Till* $1$&lt;/b&gt;</h1>" in html(app)
    assert r"**\<b>\*Till\* \$1\$\</b>** is paused and hidden" in app.markdown[0].value


@pytest.mark.parametrize(
    ("name", "typed", "what"),
    [
        pytest.param("North\nSouth", "North South", "name", id="line-break"),
        pytest.param("\u202eNorth", "North", "name", id="turned-round"),
        pytest.param("\u200b", "ours", "ID", id="nothing-to-be-seen"),
    ],
)
def test_a_connector_is_deleted_by_its_name_as_it_is_shown(
    account, tenant_name, visit, name, typed, what
):
    tenant_name(name)
    app = visit("connector", id="ours")
    app.session_state["delete-name"] = typed

    app = press(app, "Delete")

    assert not next(button for button in app.button if button.label == "Delete it").disabled
    assert app.text_input(key="delete-name").label == f"Type its {what} to delete it"
    assert ("Its ID at Fivetran: ours" in html(app)) is (what == "ID")


@pytest.fixture
def tenant_name(account):
    """Give the account's connector another permanent name."""

    def name(schema: str) -> None:
        items = [{**ROW, "schema": schema, "created_at": datetime.now(UTC).isoformat()}]
        account.upsert("GET", CONNECTORS, json={"data": {"items": items}})

    return name


def test_neither_key_nor_secret_is_on_the_page(runtime, sandbox, named, visit):
    page = everything(press(visit("connector", id=named("stripe_payments").id), "Delete"))

    assert sandbox.world.api_key not in page
    assert sandbox.world.api_secret not in page


def test_a_connector_that_names_no_service_has_a_page(account, visit):
    nameless = {name: value for name, value in ROW.items() if name not in ("service", "schema")}
    account.upsert("GET", CONNECTORS, json={"data": {"items": [nameless]}})

    app = visit("connector", id="ours")

    assert "Facts" in headers(app)
    assert not app.exception
