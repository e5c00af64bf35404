import pytest

from tests.pages.conftest import everything_empty
from tests.pages.reading import assert_one_sentence, components, everything, html, shown_services


def test_the_whole_catalogue_is_given_to_the_gallery(runtime, visit):
    app = visit("services")

    cards = shown_services(app)
    sheets = cards["google_sheets"]
    assert len(cards) == 773
    assert (sheets["name"], sheets["category"], sheets["yours"]) == ("Google Sheets", "Files", 1)
    assert sheets["icon"].endswith("/icons/google_sheets.svg")
    assert [title.value for title in app.title] == ["Connect a source"]
    assert not app.exception


def test_the_gallery_is_told_apart_when_a_connector_is_added(runtime, visit):
    before = components(visit("services"))["pbf_gallery"]

    runtime.portal.create("stripe", "Second till", public_url="http://localhost")
    app = visit("services")

    assert components(app)["pbf_gallery"]["version"] != before["version"]
    assert shown_services(app)["stripe"]["yours"] == 2


def test_an_empty_catalogue_says_what_to_check(fivetran, visit):
    everything_empty(fivetran)

    app = visit("services")

    assert "Fivetran shows no services to this API key." in app.info[0].value
    assert "pbf_gallery" not in components(app)
    assert not app.exception


def test_an_account_without_connectors_sees_the_gallery(empty_runtime, visit):
    cards = shown_services(visit("services"))

    assert len(cards) == 773
    assert not any("yours" in card for card in cards.values())


def test_a_failing_fivetran_is_told_in_one_sentence(failure, visit):
    app = visit("services")

    assert_one_sentence(app, failure.heading, failure.sentence)
    assert components(app) == {}


def test_half_set_credentials_are_named(half_set, visit):
    app = visit("services")

    missing = "FIVETRAN_API_SECRET and FIVETRAN_GROUP_ID are not set."
    assert_one_sentence(app, "The settings are incomplete", missing)


def test_without_settings_the_sandboxs_catalogue_is_shown(unset, visit):
    app = visit("services")

    cards = shown_services(app)
    assert "<strong>Sandbox.</strong>" in html(app)
    assert len(cards) == 773
    assert all(card["icon"].startswith("/sandbox/icons/") for card in cards.values())
    assert not app.exception


def test_neither_key_nor_secret_is_on_the_page(runtime, sandbox, visit):
    page = everything(visit("services"))

    assert sandbox.world.api_key not in page
    assert sandbox.world.api_secret not in page


@pytest.mark.parametrize(
    ("hours", "age"),
    [
        pytest.param(10, "10 hours", id="both"),
        pytest.param(0.2, "12 minutes", id="connectors-alone"),
    ],
)
def test_the_last_known_lists_are_marked_with_their_age(
    runtime, sandbox, hours_later, visit, hours, age
):
    visit("services")
    sandbox.stop()
    hours_later(hours)

    app = visit("services")

    assert f"What you see is from {age} ago" in app.warning[0].value
    assert len(components(app)["pbf_gallery"]["cards"]) == 773
    assert not app.exception
