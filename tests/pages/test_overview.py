import re

import pytest

from tests.pages.reading import assert_one_sentence, everything, html, labels, place, press
from tests.support.histories import write_history


def webshop(sandbox):
    connections = sandbox.world.connections.values()
    return next(connection for connection in connections if connection.schema == "webshop")


def test_the_overview_counts_connectors_by_status_and_lists_what_to_do(runtime, visit):
    app = visit("overview")

    assert [title.value for title in app.title] == ["Data connections"]
    assert "<strong>12</strong> connectors" in html(app)
    assert "<strong>2</strong> Needs you" in html(app)
    assert "<strong>0</strong> Failing" in html(app)
    assert "<strong>1</strong> Not finished" in html(app)
    assert "syncing now" in html(app)
    assert "zendesk_support" in html(app)
    assert {"Reconnect", "Finish set-up"} <= set(labels(app))
    headers = [header.value for header in app.header]
    assert headers == [
        *("What to do next", "Longest without fresh data", "Recent changes", "All connectors"),
    ]
    assert not app.exception


def test_each_total_leads_to_the_connectors_that_it_counts(runtime, visit):
    tiles = html(visit("overview")).partition("pbf-tiles")[2].partition("</div></div>")[0]

    links = re.findall(r'<a href="([^"]*)"><strong>(\d+)</strong> ([\w ]+)', tiles)
    assert links == [
        ("connectors", "12", "connectors"),
        ("connectors?status=Needs+you", "2", "Needs you"),
        ("connectors?status=Not+finished", "1", "Not finished"),
    ]
    assert "<div><strong>0</strong> Failing</div>" in tiles


def test_the_links_lead_to_services_and_connectors(runtime, visit):
    services = press(visit("overview"), "Connect a source")
    connectors = press(visit("overview"), "See all connectors")

    assert [title.value for title in services.title] == ["Connect a source"]
    assert [title.value for title in connectors.title] == ["Connectors"]


def test_the_next_step_of_a_connector_leads_to_its_card(runtime, visit):
    app = press(visit("overview"), "Reconnect")

    assert "Opening the Connect Card for **zendesk_support**" in app.info[0].value
    assert "/_/go/" in everything(app)
    assert not app.exception


def test_a_connector_that_only_has_to_sync_again_is_synced(runtime, sandbox, visit):
    failing = webshop(sandbox)
    failing.tasks = []

    app = press(visit("overview"), "Sync now")

    assert runtime.portal.connector(failing.id).status.sync_state == "syncing"
    assert not app.error
    assert not app.exception


def test_a_broken_connector_that_is_paused_is_resumed(runtime, sandbox, visit):
    failing = webshop(sandbox)
    failing.tasks = []
    failing.paused = True
    failing.reported = {"setup_state": "broken"}

    press(visit("overview"), "Resume")

    assert runtime.portal.connector(failing.id).paused is False


def test_a_resync_is_asked_for_on_the_page_of_the_connector(runtime, sandbox, visit):
    failing = webshop(sandbox)
    failing.tasks = [{"code": "resync_table_warning", "message": "Re-sync", "details": ""}]

    app = press(visit("overview"), "Re-sync history")

    assert "<h1>webshop</h1>" in html(app)
    assert not app.exception


@pytest.mark.usefixtures("without_lists")
def test_each_chart_has_its_sentence_and_a_table_with_links(runtime, visit):
    app = visit("overview")

    charts = [element.proto for element in app.get("vega_lite_chart")]
    assert len(charts) == 4
    for chart in charts:
        title, _, sentence = chart.alt.partition(". ")
        assert f"<h3>{title}</h3><p>{sentence}</p>" in html(app)
    for link in ("status=Needs+you", "category=Marketing", "late=1..4", "ended=0..1"):
        assert f'href="connectors?{link}"' in html(app)


@pytest.mark.usefixtures("without_lists")
def test_syncs_by_hour_and_by_day_are_those_of_the_history(runtime, sandbox, visit):
    write_history(runtime, webshop(sandbox).id, "s" * 40 + "fs")

    app = visit("overview")

    alternatives = [element.proto.alt for element in app.get("vega_lite_chart")]
    assert alternatives[4] == "Syncs by day. 41 syncs succeeded in the last 90 days; 1 failed."
    assert re.fullmatch(
        r"Syncs by hour. 2\d syncs succeeded in the last 24 hours; 1 failed.", alternatives[3]
    )
    assert f'href="connector?id={webshop(sandbox).id}">webshop</a>' in html(app)
    assert not app.exception


def test_a_step_that_fails_says_so_and_the_page_stays(runtime, sandbox, visit):
    failing = webshop(sandbox)
    failing.tasks = []
    app = visit("overview")
    sandbox.world.connections.pop(failing.id)

    app = press(app, "Sync now")

    assert len(app.error) == 1
    assert "All connectors" in [header.value for header in app.header]
    assert not app.exception


def test_an_account_without_connectors_shows_where_to_begin(empty_runtime, visit):
    app = visit("overview")

    assert "Nothing is connected yet." in app.info[0].value
    assert labels(app)[0] == "Connect a source"
    assert not app.exception


def test_where_every_connector_runs_the_overview_says_so(empty_runtime, empty_world, visit):
    empty_world.add_connections(3)

    app = visit("overview")

    assert "Nothing to do." in app.success[0].value
    assert "<strong>3</strong> connectors" in html(app)


def test_a_failing_fivetran_is_told_in_one_sentence(failure, visit):
    app = visit("overview")

    assert_one_sentence(app, failure.heading, failure.sentence)


def test_half_set_credentials_are_named(half_set, visit):
    app = visit("overview")

    missing = "FIVETRAN_API_SECRET and FIVETRAN_GROUP_ID are not set."
    assert_one_sentence(app, "The settings are incomplete", missing)


def test_without_settings_the_sandbox_stands_in_and_says_so(unset, visit):
    app = visit("overview")

    for name in ("FIVETRAN_API_KEY", "FIVETRAN_API_SECRET", "FIVETRAN_GROUP_ID"):
        assert f"<code>{name}</code>" in html(app)
    assert "<strong>Sandbox.</strong>" in html(app)
    assert "<strong>12</strong> connectors" in html(app)
    assert not app.exception


def test_a_real_account_has_no_banner(runtime, visit):
    assert "Sandbox." not in html(visit("overview"))


def test_neither_key_nor_secret_is_on_the_page(runtime, sandbox, visit):
    page = everything(visit("overview"))

    assert sandbox.world.api_key not in page
    assert sandbox.world.api_secret not in page


def test_the_last_known_answer_is_marked_with_its_age(runtime, sandbox, hours_later, visit):
    before = place(visit("overview"), "All connectors")
    sandbox.stop()
    hours_later(10)

    app = visit("overview")

    assert "Fivetran cannot be reached." in app.warning[0].value
    assert "What you see is from 10 hours ago" in app.warning[0].value
    assert place(app, "All connectors") == before
    assert "<strong>12</strong> connectors" in html(app)
    assert not app.exception
