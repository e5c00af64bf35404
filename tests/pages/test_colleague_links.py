"""The dialog that asks a colleague, and the links on a connector's page."""

from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from pbf.errors import StoreFailed
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from tests.pages.reading import components, everything, html, labels, press

LIST = "Links for colleagues"


@pytest.fixture
def unfinished(named) -> str:
    """The id of a connector whose set-up is not finished."""
    return named("facebook_ads_dach").id


def dialog() -> None:
    """Draw the dialog in each run, as the browser's reruns of the fragment do."""
    from pbf.runtime import runtime
    from pbf.ui.connector import colleague_links

    connectors = runtime().portal.connectors().items
    colleague_links.ask(next(item for item in connectors if item.is_incomplete))


def opened() -> AppTest:
    """Return the dialog about the connector whose set-up is not finished."""
    return AppTest.from_function(dialog, default_timeout=30).run()


def made(app: AppTest) -> str:
    """Return the link that is shown, or an empty text."""
    shown = components(app).get("copy")
    return shown["text"] if shown else ""


def links(runtime: Runtime, connector_id: str) -> list[tuple[str, str]]:
    return [(link.state, link.note) for link in runtime.portal.links.listed(connector_id)]


def test_the_dialog_makes_a_link_with_a_note_for_the_chosen_time(runtime, unfinished):
    app = opened()
    before = made(app), labels(app)
    app.text_area(key="colleague-note").input("Use the *shop's* account.")
    app.radio(key="colleague-hours").set_value(168)

    app = press(app, "Create link")

    assert before[0] == ""
    assert "Create link" in before[1]
    _, connector = runtime.portal.links.follow(made(app).rpartition("/")[2])
    (link,) = runtime.portal.links.listed(unfinished)
    assert connector.id == unfinished
    assert (link.note, (link.expires_at - link.created_at).days) == ("Use the *shop's* account.", 7)
    assert "Create link" not in labels(app)
    assert "Waiting" in html(app)
    assert "works for 7 days" in html(app)
    assert not app.exception


def test_without_a_note_and_a_choice_a_link_works_for_a_day(runtime, unfinished):
    app = press(opened(), "Create link")

    (link,) = runtime.portal.links.listed(unfinished)
    assert (link.note, (link.expires_at - link.created_at).days) == ("", 1)
    assert made(app)


def test_a_link_is_shown_only_in_the_dialog_that_made_it(runtime, unfinished, visit):
    app = visit("connectors")
    new = runtime.portal.links.create(unfinished, public_url="")
    app.session_state["colleague_link"] = new
    act = {"action": "link", "ids": [unfinished], "nonce": uuid4().hex}
    app.session_state["connectors"] = {"act": act}

    app.run()

    assert "Create link" in labels(app)
    assert new.url not in everything(app)
    assert made(app) == ""


def test_a_link_is_revoked_in_the_dialog(runtime, unfinished):
    app = press(press(opened(), "Create link"), "Revoke")

    assert links(runtime, unfinished) == [("revoked", "")]
    assert "Revoked" in html(app)
    assert not app.exception


def test_a_link_is_revoked_on_the_connectors_page(runtime, unfinished, visit):
    runtime.portal.links.create(unfinished, public_url="", note="<b>Hi</b>")
    app = visit("connector", id=unfinished)
    before = html(app)

    app = press(app, "Revoke")

    assert "&lt;b&gt;Hi&lt;/b&gt;" in before
    assert links(runtime, unfinished) == [("revoked", "<b>Hi</b>")]
    assert LIST in [header.value for header in app.header]
    assert "Revoke" not in labels(app)
    assert "revoked <time" in html(app)


def test_the_dialog_opens_from_the_connectors_page(runtime, unfinished, visit):
    app = press(visit("connector", id=unfinished), "Ask a colleague")

    assert "Create link" in labels(app)
    assert not app.exception


def test_a_page_without_links_does_not_mention_them(runtime, unfinished, visit):
    app = visit("connector", id=unfinished)

    assert LIST not in [header.value for header in app.header]


@pytest.mark.parametrize(
    ("schema", "offered"),
    [
        pytest.param("facebook_ads_dach", True, id="unfinished"),
        pytest.param("zendesk_support", True, id="broken"),
        pytest.param("webshop", False, id="other-task"),
        pytest.param("stripe_payments", False, id="working"),
    ],
)
def test_a_colleague_can_be_asked_where_the_card_is_the_next_step(
    runtime, named, visit, schema, offered
):
    assert ("Ask a colleague" in labels(visit("connector", id=named(schema).id))) is offered


def test_where_the_policy_allows_no_links_none_is_offered(under, visit):
    runtime = under("{limits: {invitations: false}}")
    connectors = runtime.portal.connectors().items
    unfinished = next(item.id for item in connectors if item.is_incomplete)

    app = visit("connector", id=unfinished)
    asked = press(opened(), "Create link")

    assert "Ask a colleague" not in labels(app)
    assert made(asked) == ""
    assert "The policy does not allow links for colleagues." in asked.error[0].value


@pytest.mark.parametrize(
    ("role", "sees"),
    [(Role.VIEWER, False), (Role.EDITOR, True), (Role.ADMIN, True), (Role.OPERATOR, True)],
)
def test_editors_and_above_see_links_and_viewers_do_not(
    runtime, unfinished, visit, as_role, role, sees
):
    runtime.portal.links.create(unfinished, public_url="", note="between us")
    as_role(role)

    app = visit("connector", id=unfinished)

    assert (LIST in [header.value for header in app.header]) is sees
    assert ("between us" in everything(app)) is sees
    assert ({"Ask a colleague", "Revoke"} <= set(labels(app))) is sees
    assert not app.exception


def test_nobody_sees_links_without_signing_in(runtime, unfinished, visit, as_role):
    runtime.portal.links.create(unfinished, public_url="", note="between us")
    as_role(None)

    assert "between us" not in everything(visit("connector", id=unfinished))


def test_a_page_works_without_its_links(runtime, unfinished, visit, monkeypatch):
    def fail(*_: object) -> None:
        raise StoreFailed("The database does not respond.")

    monkeypatch.setattr(runtime.store.colleague_links, "listed", fail)

    app = visit("connector", id=unfinished)

    assert LIST not in [header.value for header in app.header]
    assert not app.exception
