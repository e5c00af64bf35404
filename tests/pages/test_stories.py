"""The page Stories, and the line at the top of every page while a story is played."""

import pytest

from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.ui import page as pages
from pbf.ui.account.story_line import SHOWN
from tests.pages.reading import components, html, labels, press
from tests.support.demo import session_of

ADMIN = Identity("", "acme", Role.ADMIN)
LINE = "Story: A credential expires"


def links(app):
    """The links to pages, by their labels."""
    return {link.proto.label: link.proto.page for link in app.get("page_link")}


def names(app):
    """The connectors in the table."""
    return str(components(app)["pbf_connector_table"])


def test_the_page_lists_every_story_with_its_steps(demo, visit):
    app = visit("stories")

    assert labels(app).count("Play") == 5
    for text in ("A thousand customers", "Schema drift", "The password of production expires"):
        assert text in html(app)
    assert "It plays in **Acme Ltd**" in app.markdown[0].value
    assert not app.exception


def test_the_banner_leads_to_the_stories(demo, visit):
    assert '<a href="./stories">Stories</a>' in html(visit("overview"))


def test_a_real_account_has_no_stories(runtime, visit):
    app = visit("stories")

    assert "embedded sandbox" in app.info[0].value
    assert labels(app) == []
    assert "./stories" not in html(app)


def test_a_story_that_begins_opens_the_page_on_which_it_is_seen(demo, visit):
    app = press(visit("stories"), "Play")

    assert [title.value for title in app.title] == ["Connectors"]
    assert LINE in html(app)
    assert "step 1 of 5" in html(app)
    assert "in Acme Ltd" in html(app)
    assert "production" in names(app)
    assert not app.exception


def test_next_plays_the_next_step_and_the_page_shows_what_it_changes(demo, visit):
    demo.stories.play(ADMIN, "credential_expires")
    app = visit("connectors")
    assert "Needs you" not in names(app)

    press(app, "Next")

    assert "The password of production expires." in html(app)
    assert "Needs you" in names(app)
    assert links(app)["See the connectors"] == "connectors"


@pytest.mark.parametrize("name", ["overview", "services", "activity", "people", "stories"])
def test_every_page_has_the_line(name, demo, visit):
    demo.stories.play(ADMIN, "credential_expires")

    app = visit(name)

    assert LINE in html(app)
    assert {"Next", "Back to the start"} <= set(labels(app))


def test_back_to_the_start_leads_to_the_stories_in_the_world_before(demo, visit):
    demo.stories.play(ADMIN, "credential_expires")

    app = press(visit("incidents"), "Back to the start")

    assert [title.value for title in app.title] == ["Stories"]
    assert LINE not in html(app)
    assert "zendesk_support" in names(visit("connectors"))


def test_the_last_step_has_no_next_one(demo, visit):
    demo.stories.play(ADMIN, "thousand_customers")
    demo.stories.advance(ADMIN, demo.stories.revision)

    app = visit("connectors")

    assert "Next" not in labels(app)
    assert "Back to the start" in labels(app)


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        pytest.param("mia", "Only an admin may play stories", id="viewer"),
        pytest.param("ravi", "Stories play in Acme Ltd", id="admin-of-another-tenant"),
    ],
)
def test_those_who_may_not_play_read_why_and_see_the_line_alone(person, reason, demo, visit):
    session = session_of(demo, person)
    demo.stories.play(ADMIN, "credential_expires")

    app = visit("stories", session)

    assert reason in app.info[0].value
    assert all(button.disabled for button in app.button if "Play" in button.label)
    assert LINE in html(app)
    assert not {"Next", "Back to the start"} & set(labels(app))


def test_what_only_operators_see_is_one_press_away_for_others(demo, visit):
    demo.stories.play(ADMIN, "thousand_customers")

    app = visit("overview")
    as_operator = visit("tenants", session_of(demo, "olivia"))

    assert '<button class="pbf-button" name="person" value="olivia">' in html(app)
    assert '<input type="hidden" name="next" value="/tenants">' in html(app)
    assert "See the tenants" not in links(app)
    assert links(as_operator)["See the tenants"] == "tenants"
    assert "1,003 tenants" in html(as_operator)


def test_the_line_of_another_tenant_leads_to_nobodys_page(demo, visit):
    demo.stories.play(ADMIN, "credential_expires")

    app = visit("connectors", session_of(demo, "ravi"))

    assert "See the connectors" not in links(app)
    assert "Look as Amara Obi, who sees it" in html(app)
    assert "production" not in names(app)


def test_a_page_that_follows_its_list_shows_the_line_once_a_story_begins(demo, visit):
    app = visit("connectors")
    assert app.session_state[SHOWN] == ""

    demo.stories.play(ADMIN, "credential_expires")
    app.run()

    assert app.session_state[SHOWN] == demo.stories.revision
    assert LINE in html(app)


def test_the_tables_are_read_again_when_the_story_moves_on(demo, visit):
    demo.stories.play(ADMIN, "schema_drift")
    shop = demo.stories.scene.connector_id
    app = visit("tables", id=shop)
    before = app.session_state[pages.TABLES.key]
    assert "loyalty_points" not in [table.table for table in before.tables]

    press(app, "Next")

    tables = app.session_state[pages.TABLES.key].tables
    assert {table.table: table.on for table in tables}["loyalty_points"] is True


def test_the_first_screen_makes_room_for_the_line(demo, visit):
    from pbf.ui.first_screen.screens import first_screen, load

    load()
    visit("connectors")
    assert first_screen("/connectors", None, "http://localhost/connectors")

    demo.stories.play(ADMIN, "credential_expires")
    visit("connectors")

    assert first_screen("/connectors", None, "http://localhost/connectors") is None
