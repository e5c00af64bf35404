import re

import pytest
from streamlit.testing.v1 import AppTest

from pbf.errors import NotNow, StoreFailed
from pbf.runtime import Runtime
from pbf.ui.audit_table import DOWNLOAD
from tests.pages.reading import assert_one_sentence, everything, html
from tests.support.histories import write_history

PUBLIC_URL = "http://localhost"
pytestmark = pytest.mark.usefixtures("without_lists")


@pytest.fixture
def ids(runtime: Runtime) -> dict[str, str]:
    """The connectors' ids by their permanent names."""
    return {one.schema_name: one.id for one in runtime.portal.connectors().items}


def rows(app: AppTest) -> list[str]:
    """The table's rows as they read."""
    body = html(app).partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        " ".join(re.sub("<[^>]*>", " ", row).split()) for row in re.findall("<tr>(.*?)</tr>", body)
    ]


def search(app: AppTest, typed: str) -> AppTest:
    return app.text_input(key="activity-search").set_value(typed).run()


def test_what_was_done_is_told_in_words_the_newest_first(runtime, ids, visit):
    made = runtime.portal.create("stripe", "Süd & <West>", public_url=PUBLIC_URL)
    runtime.portal.operations.change(ids["stripe_payments"], timing={"sync_frequency": 60})
    with pytest.raises(NotNow):
        runtime.portal.operations.sync(ids["shopify_storefront"])

    app = visit("activity")

    assert rows(app) == [
        "just now Sync now shopify_storefront Dashboard … Not possible then",
        "just now Change schedule hourly stripe_payments Dashboard ✓ Done",
        "just now Create Süd &amp; &lt;West&gt; sud_west Dashboard ✓ Done",
    ]
    assert f'<a href="connector?id={made.id}">Süd &amp; &lt;West&gt;</a>' in html(app)
    assert DOWNLOAD in html(app)
    assert not app.exception


def test_a_connector_that_is_gone_keeps_its_permanent_name_and_no_link(runtime, ids, visit):
    runtime.portal.operations.delete(ids["stripe_payments"], now=True)

    app = visit("activity")

    assert rows(app) == ["just now Delete stripe_payments Dashboard ✓ Done"]
    assert "<a href=" not in html(app).partition("<tbody>")[2]


def test_a_search_finds_names_as_typed_actions_and_outcomes(runtime, ids, visit):
    runtime.portal.create("stripe", "Möbel", public_url=PUBLIC_URL)
    runtime.portal.operations.pause(ids["stripe_payments"])
    app = visit("activity")

    assert len(rows(app)) == 2
    assert [row.split()[2] for row in rows(search(app, "MÖBEL done"))] == ["Create"]
    assert [row.split()[2] for row in rows(search(app, "pause"))] == ["Pause"]
    assert rows(search(app, "nonesuch")) == []
    assert "No matches among the newest 2 entries." in html(app)


def test_no_more_than_the_newest_are_drawn_in_one_piece(runtime, visit):
    for number in range(201):
        with runtime.portal.audit_log.record("sync", f"c{number}"):
            pass

    app = visit("activity")

    assert len(rows(app)) == 200
    assert "c200" in rows(app)[0]
    assert "These are the newest 200 entries." in html(app)
    assert len(app.get("html")) < 10


def test_where_nothing_was_done_it_says_what_will_be_here(empty_runtime, visit):
    app = visit("activity")

    assert app.info[0].value.startswith("No activity yet.")
    assert not app.text_input
    assert not app.exception


def test_a_database_that_fails_is_told_in_one_sentence(runtime, monkeypatch, visit):
    sentence = "Our own database cannot be read or written right now."

    def fail(*_: object, **__: object) -> None:
        raise StoreFailed(sentence)

    monkeypatch.setattr(runtime.store.audit, "newest", fail)

    app = visit("activity")

    assert_one_sentence(app, "The database does not respond", sentence)


def test_a_failing_fivetran_leaves_the_log_without_links(runtime, ids, sandbox, visit):
    runtime.portal.operations.pause(ids["stripe_payments"])
    runtime.cache.forget(f"connectors:{runtime.portal.tenant.group_id}")
    sandbox.stop()

    app = visit("activity")

    assert rows(app) == ["just now Pause stripe_payments Dashboard ✓ Done"]
    assert not app.exception


def test_half_set_credentials_are_named(half_set, visit):
    app = visit("activity")

    missing = "FIVETRAN_API_SECRET and FIVETRAN_GROUP_ID are not set."
    assert_one_sentence(app, "The settings are incomplete", missing)


def test_without_settings_the_sandbox_s_log_is_shown(unset, visit):
    app = visit("activity")

    assert "<strong>Sandbox.</strong>" in html(app)
    assert app.info[0].value.startswith("No activity yet.")


def test_neither_key_nor_secret_is_on_the_page(runtime, ids, sandbox, visit):
    with runtime.portal.audit_log.record("sync", sandbox.world.api_secret):
        pass

    page = everything(visit("activity"))

    assert sandbox.world.api_key not in page
    assert sandbox.world.api_secret not in page


def test_what_people_did_and_what_was_seen_are_on_one_line_and_can_be_parted(
    runtime, sandbox, named, visit
):
    broken = named("webshop")
    write_history(runtime, broken.id, "sffs" + "s" * 3)
    runtime.portal.operations.pause(named("stripe_payments").id)

    app = visit("activity")
    everybody = rows(app)
    app.segmented_control(key="activity-whose").set_value("People").run()
    people = rows(app)
    app.segmented_control(key="activity-whose").set_value("System").run()

    assert everybody == [*people, *rows(app)]
    assert [row.split()[2] for row in people] == ["Pause"]
    assert rows(app) == [
        "3 hours ago Sync succeeded again webshop System ✓ Recovered",
        "6 hours ago Sync failed 2 times in a row. The source did not answer. webshop System "
        "! Failed",
    ]
    assert not app.exception
