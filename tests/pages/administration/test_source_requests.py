"""Asking for a source on the page Services, and the operators' page Requests."""

from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from pbf.errors import StoreFailed
from pbf.rules.access.permissions import Role
from tests.pages.reading import components, everything, html, labels, press

ASKED = "You have asked for \u201cSalesforce\u201d. The answer will be shown on this page."


def ask(app: AppTest, text: object) -> AppTest:
    """Send what the gallery's search sends."""
    app.session_state["gallery"] = {"ask": {"text": text, "nonce": uuid4().hex}}
    return app.run()


def answer(visit, look_as, text: str = "It comes in May.") -> AppTest:
    look_as(Role.OPERATOR, "", person="9")
    app = visit("source_requests")
    app.text_area[0].set_value(text)
    return press(app, "Send answer")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN, Role.OPERATOR])
def test_whoever_is_signed_in_may_ask(look_as, visit, role):
    look_as(role)

    app = visit("services")

    assert components(app)["pbf_gallery"]["asks"] is True


def test_without_sign_in_it_is_not_offered_and_does_nothing(demo, visit):
    app = visit("services")

    assert components(app)["pbf_gallery"]["asks"] is False
    assert not ask(app, "Our own CRM").success
    assert demo.store.service_requests.demand() == []


def test_a_hidden_service_is_asked_for_like_an_unknown_one(demo, look_as, visit):
    look_as(Role.VIEWER, "initech")
    app = visit("services")

    first = ask(app, "Salesforce")
    shown = [message.value for message in first.success]
    unknown = [message.value for message in ask(app, "Our own CRM").success]

    assert shown == [ASKED]
    assert unknown == [ASKED.replace("Salesforce", "Our own CRM")]
    crm, salesforce = demo.store.service_requests.demand()
    assert (salesforce.service, crm.service) == ("salesforce", "")


def test_asking_again_says_so(look_as, visit):
    look_as(Role.VIEWER, "initech")
    app = visit("services")
    ask(app, "Salesforce")

    again = ask(app, "salesforce")

    assert "You have asked for \u201csalesforce\u201d already." in again.success[0].value


def test_the_confirmation_is_gone_at_the_next_run(look_as, visit):
    look_as(Role.VIEWER, "initech")
    app = ask(visit("services"), "Salesforce")

    assert not app.run().success


@pytest.mark.parametrize("text", [None, 7, ["x"], {"x": 1}])
def test_what_is_no_text_is_ignored(demo, look_as, visit, text):
    look_as(Role.VIEWER)

    app = ask(visit("services"), text)

    assert not app.exception
    assert demo.store.service_requests.demand() == []


def test_a_refusal_is_a_sentence(look_as, visit):
    look_as(Role.VIEWER)

    app = ask(visit("services"), "?!")

    assert "Type the name of the source" in app.error[0].value


def test_what_is_typed_is_text_wherever_it_is_shown(look_as, visit):
    look_as(Role.VIEWER)
    asked = ask(visit("services"), "<img src=x> **bold** :red[x]")
    look_as(Role.OPERATOR, "")

    app = visit("source_requests")

    assert "**bold**" not in asked.success[0].value
    assert "<img src=x>" not in html(app)
    assert "&lt;img src=x&gt;" in html(app)


def test_operators_see_who_asked_and_how_many(look_as, visit):
    for person, tenant in (("1", "globex"), ("2", "initech"), ("3", "initech")):
        look_as(Role.VIEWER, tenant, person=person)
        ask(visit("services"), "Our own CRM")
    look_as(Role.OPERATOR, "")

    app = visit("source_requests")

    assert [heading.value for heading in app.subheader] == ["Our own CRM"]
    assert "3 people, the last one" in html(app)
    assert "<td>Initech</td>" in html(app)
    assert "<td>Globex</td>" in html(app)


def test_a_hidden_service_is_named_to_operators(look_as, visit):
    look_as(Role.VIEWER, "initech")
    ask(visit("services"), "salesforce")
    look_as(Role.OPERATOR, "")

    app = visit("source_requests")

    assert [heading.value for heading in app.subheader] == ["Salesforce (hidden by policy)"]


def test_an_answer_reaches_the_asker_until_it_is_dismissed(look_as, visit):
    look_as(Role.VIEWER, "initech")
    ask(visit("services"), "Salesforce")
    sent = answer(visit, look_as)
    look_as(Role.VIEWER, "initech")

    app = visit("services")

    assert "on their next visit" in sent.success[0].value
    assert "It comes in May." in html(app)
    assert "It comes in May." not in html(press(app, "Got it"))
    assert "It comes in May." not in everything(visit("services"))


def test_an_answer_is_for_those_who_asked(look_as, visit):
    look_as(Role.VIEWER, "initech")
    ask(visit("services"), "Salesforce")
    answer(visit, look_as)

    for tenant, person in (("initech", "2"), ("globex", "1")):
        look_as(Role.VIEWER, tenant, person=person)
        assert "It comes in May." not in everything(visit("services"))


def test_an_empty_answer_is_refused(look_as, visit):
    look_as(Role.VIEWER, "initech")
    ask(visit("services"), "Salesforce")

    app = answer(visit, look_as, "  ")

    assert "Type an answer first." in app.error[0].value
    assert "Send answer" in labels(app)


def test_nobody_has_asked_yet(look_as, visit):
    look_as(Role.OPERATOR, "")

    assert "Nobody has asked" in visit("source_requests").info[0].value


def test_many_topics_are_paged(demo, look_as, visit):
    for number in range(25):
        demo.store.service_requests.add(
            "acme", "1", service="", wanted=f"Source {number}", asker="Ada", now=float(number)
        )
    look_as(Role.OPERATOR, "")

    app = visit("source_requests")

    assert len(app.subheader) == 20
    assert app.get("pagination")


def test_without_a_database_the_services_are_shown(demo, look_as, visit, monkeypatch):
    def fail(*_: object) -> None:
        raise StoreFailed("The database does not respond.")

    for name in ("unseen_answers", "of_person"):
        monkeypatch.setattr(demo.store.service_requests, name, fail)
    look_as(Role.VIEWER)

    app = visit("services")

    assert components(app)["pbf_gallery"]["cards"]
    assert "The database does not respond." in ask(app, "CRM").error[0].value
