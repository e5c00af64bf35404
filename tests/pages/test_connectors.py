import re
from typing import Any
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.reading import (
    assert_one_sentence,
    components,
    everything,
    html,
    labels,
    press,
)


def table(app: AppTest) -> dict[str, Any]:
    return components(app)["pbf_connector_table"]


def marked(app: AppTest) -> list[str]:
    return [row[0] for row in table(app)["rows"] if row[-1]]


def ask(app: AppTest, action: str, *ids: str) -> AppTest:
    app.session_state["connectors"] = {
        "act": {"action": action, "ids": list(ids), "nonce": uuid4().hex}
    }
    return app.run()


def test_every_connector_is_given_to_the_table_the_urgent_first(runtime, sandbox, visit):
    app = visit("connectors")

    shown = table(app)
    states = [shown["states"][row[4]][0] for row in shown["rows"]]
    assert {row[0] for row in shown["rows"]} == set(sandbox.world.connections)
    assert states[:3] == ["Needs you", "Needs you", "Not finished"]
    assert marked(app) == []
    assert not app.exception


def test_the_door_leads_to_the_services(runtime, visit):
    app = press(visit("connectors"), "Connect a source")

    assert [title.value for title in app.title] == ["Connect a source"]


def test_one_who_comes_back_connected_is_told_so(runtime, named, visit):
    back = named("stripe_payments").id

    app = visit("connectors", returned=back)

    assert "**stripe_payments** is connected." in app.success[0].value
    assert marked(app) == [back]
    assert "returned" not in app.query_params
    assert marked(app.run()) == [back]


def test_one_who_comes_back_unfinished_is_told_so(runtime, named, visit):
    app = visit("connectors", returned=named("facebook_ads_dach").id)
    for _ in range(10):
        assert "Fivetran is still checking **facebook_ads_dach**." in app.info[0].value
        assert not app.warning
        app = app.run()

    assert "**facebook_ads_dach** is not connected yet." in app.warning[0].value
    assert not app.success


def test_a_set_up_that_fivetran_takes_in_late_is_shown_as_soon_as_it_has(
    runtime, sandbox, named, visit
):
    back = named("facebook_ads_dach").id
    app = visit("connectors", returned=back)
    sandbox.world.pass_setup(back)

    app = app.run()

    assert "**facebook_ads_dach** is connected." in app.success[0].value
    assert not app.warning


@pytest.mark.parametrize("schema", ["webshop", "stripe_payments"])
def test_a_resync_is_asked_for_on_the_page_of_the_connector(runtime, sandbox, named, visit, schema):
    before = len(sandbox.world.control.log.entries())

    app = ask(visit("connectors"), "resync", named(schema).id)

    assert f"<h1>{schema}</h1>" in html(app)
    assert "Re-sync history" in labels(app)
    posts = [
        request
        for request in sandbox.world.control.log.entries()[before:]
        if request["method"] == "POST"
    ]
    assert posts == []


def test_a_return_about_somebody_elses_connector_says_nothing(runtime, visit):
    app = visit("connectors", returned="not_ours")

    assert marked(app) == []
    assert not app.success
    assert not app.warning
    assert not app.exception


@pytest.mark.parametrize(
    ("note", "text"),
    [
        pytest.param("used", "This link was already used.", id="used"),
        pytest.param("expired", "is no longer valid.", id="expired"),
        pytest.param("gone", "It may have been deleted.", id="gone"),
        pytest.param("no-card", "Fivetran did not open the Connect Card.", id="no-card"),
        pytest.param("unread", "Fivetran does not respond right now", id="unread"),
    ],
)
def test_a_note_is_a_plain_message_over_the_table(runtime, visit, note: str, text: str):
    app = visit("connectors", note=note)

    assert [text in shown.value for shown in app.info] == [True]
    assert len(table(app)["rows"]) == 12
    assert "note" not in app.query_params


def test_a_note_of_somebodys_own_is_not_shown(runtime, visit):
    app = visit("connectors", note="<script>Send us your password")

    assert not app.info
    assert "password" not in everything(app)


@pytest.mark.parametrize("action", ["finish", "reconnect", "edit"])
def test_what_is_done_on_the_card_leads_there(runtime, named, visit, action: str):
    connector_id = named("zendesk_support").id

    app = ask(visit("connectors"), action, connector_id)

    link = components(app)["redirect"]["url"].removeprefix("./_/go/")
    assert runtime.portal.signer.read_link(link, "sandy_harbour") == connector_id
    assert "auth=" not in everything(app)
    assert not app.exception


def test_a_sync_is_started(runtime, named, visit):
    late = named("linkedin_ads_b2b").id

    app = ask(visit("connectors"), "sync", late)

    assert [toast.value for toast in app.toast] == ["Sync now: linkedin_ads_b2b"]
    assert runtime.portal.connector(late).status.sync_state == "syncing"
    assert not app.exception


def test_a_paused_connector_is_resumed(runtime, named, visit):
    paused = named("jira_projects").id

    app = ask(visit("connectors"), "resume", paused)

    assert [toast.value for toast in app.toast] == ["Resume: jira_projects"]
    assert runtime.portal.connector(paused).paused is False


def test_an_id_that_is_not_the_tenants_is_refused(runtime, sandbox, visit):
    group = sandbox.world.add_group("Other")
    foreign = sandbox.world.add_connections(1, group_id=group.id)[0]
    before = foreign.life

    app = ask(visit("connectors"), "sync", foreign.id)

    assert "It was not in the list you chose from." in html(app)
    assert foreign.life == before
    assert not app.exception


def test_an_action_that_is_not_offered_does_nothing(runtime, named, visit):
    app = ask(visit("connectors"), "rename", named("stripe_payments").id)

    assert len(table(app)["rows"]) == 12
    assert not app.toast
    assert not app.exception


def test_a_sync_that_fivetran_refuses_is_told(runtime, named, visit):
    app = ask(visit("connectors"), "sync", named("facebook_ads_dach").id)

    assert "status.setup_state" in html(app)
    assert "Fivetran refused the request (400)" in app.toast[0].value
    assert not app.exception


def test_an_account_without_connectors_says_what_to_do(empty_runtime, visit):
    app = visit("connectors")

    assert "There are no connectors yet." in app.info[0].value
    assert "pbf_connector_table" not in components(app)
    assert not app.exception


def test_a_failing_fivetran_is_told_in_one_sentence(failure, visit):
    app = visit("connectors")

    assert_one_sentence(app, failure.heading, failure.sentence)
    assert components(app) == {}


def test_half_set_credentials_are_named(half_set, visit):
    app = visit("connectors")

    missing = "FIVETRAN_API_SECRET and FIVETRAN_GROUP_ID are not set."
    assert_one_sentence(app, "The settings are incomplete", missing)


def test_without_settings_the_sandboxs_connectors_are_shown(unset, visit):
    app = visit("connectors")

    assert "<strong>Sandbox.</strong>" in html(app)
    assert len(table(app)["rows"]) == 12
    assert not app.exception


def test_neither_key_nor_secret_is_on_the_page(runtime, sandbox, visit):
    page = everything(visit("connectors"))

    assert sandbox.world.api_key not in page
    assert sandbox.world.api_secret not in page


def test_the_last_known_list_is_marked_with_its_age(runtime, sandbox, hours_later, visit):
    visit("connectors")
    sandbox.stop()
    hours_later(10)

    app = visit("connectors")

    assert "What you see is from 10 hours ago" in app.warning[0].value
    assert len(table(app)["rows"]) == 12
    assert not app.exception


def test_trying_again_shows_the_list_once_fivetran_is_back(runtime, sandbox, hours_later, visit):
    sandbox.world.limits.hourly = 0
    app = visit("connectors")
    assert "used up" in app.error[0].value

    sandbox.world.limits.hourly = 100
    hours_later(1)
    app = press(app, "Try again")

    assert len(table(app)["rows"]) == 12
    assert not app.error


def results(app: AppTest) -> list[tuple[str, str]]:
    """The names and results of the last action, as the table on the page has them."""
    return re.findall(r"<td>(.*?)</td><td>(.*?)</td>", html(app))


def test_each_chosen_row_gets_its_own_result(runtime, named, visit):
    paused, working, unfinished = (
        named(name).id for name in ("jira_projects", "stripe_payments", "facebook_ads_dach")
    )

    app = ask(visit("connectors"), "pause", working, paused, unfinished)

    assert app.warning[0].value == "Pause: 2 done, 1 not."
    assert results(app) == [
        ("jira_projects", "It is already paused."),
        ("stripe_payments", "Paused"),
        ("facebook_ads_dach", "Paused"),
    ]
    assert runtime.portal.connector(working).paused is True
    assert not app.exception


def test_results_stay_until_they_are_closed(runtime, named, visit):
    chosen = [named("hubspot_marketing").id, named("stripe_payments").id]
    app = ask(visit("connectors"), "pause", *chosen).run()
    assert app.success[0].value == "Pause: all 2 done."

    app = press(app, "Close")

    assert not app.success
    assert results(app) == []


def test_a_list_that_turned_round_after_the_choice_leads_to_no_other_row(
    runtime, sandbox, named, visit
):
    app = visit("connectors")
    chosen = named("stripe_payments")
    gone = named("hubspot_marketing").id
    runtime.portal.operations.delete(gone, now=True)
    world = sandbox.world.connections
    turned = dict(reversed(world.items()))
    world.clear()
    world.update(turned)

    app = ask(app, "pause", chosen.id, gone)

    paused = {
        connector.schema_name for connector in runtime.portal.connectors().items if connector.paused
    }
    assert paused == {"stripe_payments", "jira_projects"}
    assert ("A connector", "It is no longer there. It may have been deleted.") in results(app)


def test_deleting_asks_first_for_the_word(runtime, named, visit):
    chosen = [named("hubspot_marketing").id, named("stripe_payments").id]

    app = ask(visit("connectors"), "delete", *chosen)

    assert "hubspot_marketing" in html(app)
    assert "In 24 hours they will be deleted at Fivetran for good" in app.markdown[0].value
    assert {connector.id for connector in runtime.portal.connectors().items} >= set(chosen)
    button = next(button for button in app.button if button.label == "Delete 2")
    assert button.disabled
    assert not app.exception


def lately(app: AppTest) -> list[str]:
    """What the strip of deleted connectors says, once it is unfolded."""
    app.session_state["trash_is_open"] = True
    app.run()
    return re.findall(r'pbf-line"><div><strong>(.*?)</strong>', html(app))


def test_what_was_deleted_lately_is_folded_up_above_the_list(runtime, named, visit):
    assert not visit("connectors").expander

    for name in ("hubspot_marketing", "stripe_payments"):
        runtime.portal.operations.delete(named(name).id)
    app = visit("connectors")

    assert [expander.label for expander in app.expander] == ["Recently deleted (2)"]
    assert "Undo" not in labels(app)
    assert sorted(lately(app)) == ["hubspot_marketing", "stripe_payments"]
    assert html(app).count("deleted for good in 24 hours") == 2
    assert len(table(app)["rows"]) == 10


def test_the_expander_of_deleted_connectors_is_the_same_element_when_it_is_open(
    runtime, named, visit
):
    runtime.portal.operations.delete(named("stripe_payments").id)
    app = visit("connectors")
    closed = app.expander[0].proto

    app.session_state["trash_is_open"] = True
    app.run()

    # A new element would replace its buttons, and lose a click at that moment.
    opened = app.expander[0].proto
    assert (closed.expanded, opened.expanded) == (False, True)
    assert closed.id == opened.id


def test_what_was_deleted_lately_is_had_back_one_by_one_or_all_at_once(runtime, named, visit):
    for name in ("hubspot_marketing", "stripe_payments", "jira_projects"):
        runtime.portal.operations.delete(named(name).id)
    app = visit("connectors")
    first, *others = lately(app)

    app = press(app, "Undo")
    assert [toast.value.replace("\\", "") for toast in app.toast] == [f"Undo: {first}"]
    assert lately(app) == others

    app = press(app, "Undo all 2")
    assert results(app) == [(name, "Restored") for name in others]
    assert not app.expander or "Deleted" not in app.expander[0].label
    assert len(table(app)["rows"]) == 12
    assert not app.exception


def test_an_undo_that_fails_is_told_in_its_row(runtime, sandbox, named, visit):
    runtime.portal.operations.delete(named("stripe_payments").id)
    app = visit("connectors")
    lately(app)
    sandbox.world.control.add_fault(kind="500", method="PATCH")

    app = press(app, "Undo")

    assert results(app)[0][1].startswith("Fivetran failed to answer (500).")
    assert lately(app) == ["stripe_payments"]


def test_who_deleted_the_last_one_has_it_back_from_the_empty_page(runtime, visit):
    for connector in runtime.portal.connectors().items:
        runtime.portal.operations.delete(connector.id)
    app = visit("connectors")

    assert "There are no connectors left." in app.info[0].value
    assert len(lately(app)) == 10
    assert "Undo all 12" in labels(app)

    app = press(app, "Undo")
    assert len(table(app)["rows"]) == 1
    assert not app.exception
