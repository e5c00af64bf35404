import pytest
from streamlit.testing.v1 import AppTest

from pbf.errors import NameTaken
from pbf.fivetran.client import ApiClient
from pbf.ui import page
from tests.pages.conftest import everything_empty
from tests.pages.reading import assert_one_sentence, components, everything, html, labels, press


def fill(app: AppTest, name: str) -> AppTest:
    return app.text_input(key="name").set_value(name).run()


def create(app: AppTest, name: str) -> AppTest:
    return press(fill(app, name), "Create and continue")


def test_a_service_is_introduced(runtime, visit):
    app = visit("connect", service="google_sheets")

    assert "<h1>Google Sheets</h1>" in html(app)
    assert "Files" in html(app)
    assert "google_sheets.svg" in html(app)
    assert not app.exception


def test_what_happens_next_is_said_in_three_steps_with_the_guide(runtime, visit):
    app = visit("connect", service="google_sheets")

    assert [header.value for header in app.header] == ["What happens next"]
    assert html(app).count("<li>") == 3
    assert "Fivetran's Connect Card" in html(app)
    assert app.markdown[0].value.startswith("[Google Sheets documentation](<https://")


@pytest.mark.parametrize(
    ("service", "permanent"),
    [
        pytest.param("stripe", "mobel_kuche", id="schema"),
        pytest.param("google_sheets", "mobel_kuche.mobel_kuche", id="schema-and-table"),
        pytest.param("postgres", "mobel_kuche", id="schema-prefix"),
        pytest.param("s3", "mobel_kuche.mobel_kuche", id="schema-and-table-group"),
    ],
)
def test_the_permanent_name_is_shown_before_it_is_used(
    runtime, visit, service: str, permanent: str
):
    app = visit("connect", service=service)
    assert "<code>" not in html(app)

    app = fill(app, "Möbel & Küche")

    assert f"Permanent name in the destination: <code>{permanent}</code>" in html(app)
    assert "It cannot be changed later." in html(app)
    made = create(visit("connect", service=service), "Möbel & Küche")
    assert not made.error
    assert permanent in [each.schema_name for each in runtime.portal.connectors().items]


def test_a_name_of_which_nothing_is_left_is_refused_while_one_types(runtime, sandbox, visit):
    before = len(sandbox.world.connections)

    app = create(visit("connect", service="stripe"), "!?")

    assert "Type a name with at least one letter or digit." in app.warning[0].value
    assert len(sandbox.world.connections) == before
    assert not app.exception


def test_without_a_name_nothing_is_created(runtime, sandbox, visit):
    before = len(sandbox.world.connections)

    app = press(visit("connect", service="stripe"), "Create and continue")

    assert "Type a name" in app.error[0].value
    assert len(sandbox.world.connections) == before


def test_for_a_name_that_is_taken_the_next_free_one_is_offered(runtime, visit):
    app = fill(visit("connect", service="stripe"), "Webshop")
    assert "`webshop` is taken. `webshop_2` is free." in app.warning[0].value

    app = press(app, "Use webshop_2")

    assert app.text_input(key="name").value == "webshop_2"
    assert "<code>webshop_2</code>" in html(app)
    assert not app.warning
    press(app, "Create and continue")
    assert "webshop_2" in [each.schema_name for each in runtime.portal.connectors().items]


@pytest.mark.parametrize("made", [True, False], ids=["made", "not-made"])
def test_an_attempt_that_was_cut_short_is_being_created_and_not_taken(
    runtime, sandbox, visit, monkeypatch, made
):
    make = runtime.client.create_connector

    def die(_client, *given, **options):
        if made:
            make(*given, **options)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(ApiClient, "create_connector", die)
        with pytest.raises(SystemExit):
            runtime.portal.create("stripe", "Sales", public_url="http://localhost")
    runtime.portal._list.forget()
    begin = runtime.portal._creation.create
    monkeypatch.setattr(
        runtime.portal._creation,
        "create",
        lambda *given, **options: begin(*given, **{**options, "patience": 0.0}),
    )

    app = create(visit("connect", service="stripe"), "Sales")

    assert "is being created. Continue to its Connect Card." in html(app)
    assert "Use sales_2" not in labels(app)
    assert not app.warning
    assert "This connector is being created already." in app.error[0].value
    assert not app.exception


def test_a_name_that_is_taken_is_not_created_by_pressing_on(runtime, sandbox, visit):
    before = len(sandbox.world.connections)

    app = create(visit("connect", service="stripe"), "Webshop")

    assert "Use webshop_2" in labels(app)
    assert not app.error
    assert len(sandbox.world.connections) == before
    assert not app.exception


def test_a_name_that_the_preview_does_not_know_to_be_taken_is_told_and_a_free_one_offered(
    runtime, visit, monkeypatch
):
    def taken(*_, **__):
        raise NameTaken("The name web_shop is taken. web_shop_2 is free.", free="web_shop_2")

    app = fill(visit("connect", service="stripe"), "Web shop")
    monkeypatch.setattr(runtime.portal, "create", taken)

    app = press(app, "Create and continue")

    assert [one.value for one in app.warning] == ["The name web_shop is taken. web_shop_2 is free."]
    app = press(app, "Use web_shop_2")
    assert app.text_input(key="name").value == "web_shop_2"
    assert not app.exception


def test_a_name_may_hold_what_markdown_would_read(runtime, visit):
    app = create(visit("connect", service="stripe"), "<b>*Till* [1]($)")

    assert r"**\<b>\*Till\* \[1\](\$)**" in app.info[0].value


def test_creation_leads_to_the_hand_off_and_shows_no_card(runtime, sandbox, visit):
    app = create(visit("connect", service="google_sheets"), "Sales")

    url = components(app)["redirect"]["url"]
    made = next(one for one in runtime.portal.connectors().items if one.title == "Sales")
    assert url.startswith("./_/go/")
    assert runtime.portal.signer.read_link(url.removeprefix("./_/go/"), "sandy_harbour") == made.id
    assert "Opening the Connect Card for **Sales**" in app.info[0].value
    assert "auth=" not in everything(app)
    assert "connect-card/setup" not in everything(app)
    assert not app.exception


def test_a_form_sent_twice_makes_one_connector(runtime, sandbox, visit):
    before = len(sandbox.world.connections)
    app = create(visit("connect", service="google_sheets"), "Sales")
    first = components(app)["redirect"]["url"].removeprefix("./_/go/")

    again = press(app, "Create and continue")

    second = components(again)["redirect"]["url"].removeprefix("./_/go/")
    read = runtime.portal.signer.read_link
    assert len(sandbox.world.connections) == before + 1
    assert read(first, "sandy_harbour") == read(second, "sandy_harbour")


def test_what_was_started_and_left_is_offered_again(runtime, visit):
    app = visit("connect", service="facebook_ads")
    offers = [shown.value for shown in app.markdown if "not finished" in shown.value]
    assert offers == ["**facebook_ads_dach** was started but is not finished."]

    app = press(app, "Finish set-up")

    assert components(app)["redirect"]["url"].startswith("./_/go/")


def test_many_that_were_left_do_not_push_the_form_away(runtime, visit):
    for number in range(12):
        runtime.portal.create("facebook_ads", f"Left {number}", public_url="http://localhost")

    app = visit("connect", service="facebook_ads")

    assert [one.label for one in app.expander] == ["11 more that are not finished"]
    assert labels(app).count("Finish set-up") == 13
    folded = [one for one in app.expander[0].button if one.label == "Finish set-up"]
    assert len(folded) == 11
    assert "**Left 11**" in app.markdown[0].value


def test_a_service_that_the_api_cannot_create_is_explained_and_has_no_form(runtime, visit):
    app = visit("connect", service="fivetran_log")

    assert "can be set up in Fivetran's own dashboard only" in app.info[0].value
    assert "In Fivetran only" in html(app)
    assert not app.text_input
    assert "Create and continue" not in labels(app)
    assert not app.header
    assert "documentation](<https://" in app.markdown[0].value


def test_nothing_is_offered_where_all_is_finished(runtime, visit):
    assert "Finish set-up" not in labels(visit("connect", service="stripe"))


@pytest.mark.parametrize("query", [{"service": "nonesuch"}, {}], ids=["unknown", "none"])
def test_a_service_that_is_not_there_leads_to_the_list_of_services(runtime, visit, query: dict):
    app = visit("connect", **query)

    assert [title.value for title in app.title] == ["Service not found"]
    assert "There is no such service." in app.info[0].value
    assert "All services" in everything(app)
    assert not app.exception


def test_an_empty_catalogue_has_no_such_service(fivetran, visit):
    everything_empty(fivetran)

    app = visit("connect", service="stripe")

    assert [title.value for title in app.title] == ["Service not found"]
    assert not app.exception


def test_an_account_without_connectors_can_make_its_first(empty_runtime, empty_world, visit):
    app = create(visit("connect", service="stripe"), "Money")

    assert [one.schema for one in empty_world.connections.values()] == ["money"]
    assert "redirect" in components(app)


def test_a_failing_fivetran_is_told_in_one_sentence(failure, visit):
    app = visit("connect", service="stripe")

    assert_one_sentence(app, failure.heading, failure.sentence)


def test_a_creation_that_fivetran_refuses_is_told_and_the_name_stays(runtime, sandbox, visit):
    app = fill(visit("connect", service="stripe"), "Sales")
    sandbox.world.limits.hourly = 0

    app = press(app, "Create and continue")

    assert "limit of requests to Fivetran is used up" in app.error[0].value
    assert app.text_input(key="name").value == "Sales"
    assert not app.exception


def test_half_set_credentials_are_named(half_set, visit):
    app = visit("connect", service="stripe")

    missing = "FIVETRAN_API_SECRET and FIVETRAN_GROUP_ID are not set."
    assert_one_sentence(app, "The settings are incomplete", missing)


def test_without_settings_a_connector_is_made_in_the_sandbox(unset, visit):
    app = create(visit("connect", service="stripe"), "Sales")

    assert "<strong>Sandbox.</strong>" in html(app)
    assert components(app)["redirect"]["url"].startswith("./_/go/")
    assert not app.exception


def test_neither_key_nor_secret_is_on_the_page(runtime, sandbox, visit):
    page = everything(create(visit("connect", service="stripe"), "Sales"))

    assert sandbox.world.api_key not in page
    assert sandbox.world.api_secret not in page


def test_the_address_takes_a_creation_up_in_a_session_that_knows_nothing_of_it(
    runtime, sandbox, visit, monkeypatch
):
    keys = []
    make = runtime.portal.create

    def create_connector(*given, **options):
        keys.append(options["attempt"])
        return make(*given, **options)

    monkeypatch.setattr(runtime.portal, "create", create_connector)
    monkeypatch.setattr(page, "hand_off", lambda *_, **__: None)
    before = create(visit("connect", service="stripe"), "Sales")
    address = {name: before.query_params[name] for name in ("service", "attempt", "typed")}
    made = len(sandbox.world.connections)

    app = visit("connect", **address)

    assert app.text_input(key="name").value == "Sales"
    assert not app.warning
    press(app, "Create and continue")
    assert (keys[0], len(sandbox.world.connections)) == (keys[1], made)
