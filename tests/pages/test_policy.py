"""What a policy changes on the pages."""

import pytest

from tests.pages.reading import assert_one_sentence, everything, html, labels, press, shown_services

BRANDING = (
    "{name: Acme Ltd, branding: {product_name: Acme <Hub>, accent: '#0b6e4f', logo: acme.svg, "
    "support: 'mailto:data@example.com'}}"
)


@pytest.fixture
def branded(under, policy_path):
    """The product under a policy with everything that branding may have."""
    policy_path.with_name("acme.svg").write_text("<svg/>")
    return under(BRANDING)


def test_the_gallery_shows_what_is_allowed(under, visit):
    under("{services: {categories: [Files]}}")

    cards = shown_services(visit("services"))

    assert {card["category"] for card in cards.values()} == {"Files"}


def test_a_policy_that_allows_nothing_says_so(under, visit):
    under("{services: {categories: []}}")

    app = visit("services")

    assert [shown.value for shown in app.info] == [
        "No services are allowed here. Ask the people who run this dashboard."
    ]


def test_a_hidden_service_is_not_found_on_the_connect_page(under, visit):
    under("{services: {exclude: [stripe]}}")

    app = visit("connect", service="stripe")

    assert [title.value for title in app.title] == ["Service not found"]
    assert "Stripe" not in everything(app)


def test_the_connect_page_shows_the_name_with_the_pattern_and_that_it_starts_paused(under, visit):
    under('{naming: {pattern: "{tenant}_{name}"}, defaults: {paused: true}}')

    app = visit("connect", service="stripe")
    app.text_input(key="name").set_value("Sales").run()

    assert "<code>acme_sales</code>" in html(app)
    assert "New connectors start paused." in html(app)


def test_at_the_limit_the_connect_page_says_so_once_create_is_pressed(under, visit):
    under("{limits: {connectors: 1}}")
    app = visit("connect", service="stripe")
    app.text_input(key="name").set_value("Sales").run()

    press(app, "Create and continue")

    assert "Connectors are limited to 1, and this number is reached" in app.error[0].value


@pytest.mark.parametrize("name", ["overview", "services", "connectors", "activity"])
def test_every_page_shows_name_logo_colour_and_support(branded, visit, name):
    logo = branded.portal.policy().branding.logo

    app = visit(name)

    assert f'<img src="./_/logo?v={logo.digest}" alt="">' in html(app)
    assert "<strong>Acme &lt;Hub&gt;</strong>" in html(app)
    assert '<a href="mailto:data@example.com">data@example.com</a>' in html(app)
    assert "background-color: #0b6e4f" in html(app)
    assert not app.exception


def test_a_page_that_fails_shows_whom_to_ask(branded, visit, sandbox):
    sandbox.stop()

    app = visit("connectors")

    assert len(app.error) == 1
    assert '<a href="mailto:data@example.com">' in html(app)


def test_the_overview_is_titled_with_the_tenants_name(branded, visit):
    assert [title.value for title in visit("overview").title] == ["Acme Ltd"]


def test_without_branding_nothing_is_added(under, visit):
    under("{limits: {connectors: 100}}")

    assert "pbf-brand" not in html(visit("overview"))


def test_the_overview_tells_operators_that_the_file_is_broken(under, visit, tmp_path):
    runtime = under("{}")
    (tmp_path / "policy.yaml").write_text("version: 1\ntenants:\n  acme: {limit: {}}\n")
    runtime.identity.tenants.refresh()

    app = visit("overview")

    (warning,) = (shown.value for shown in app.warning)
    assert "policy.yaml, line 3: There is no key" in warning.replace("\\", "")
    assert warning.endswith("The last valid policy stays in force.")


def test_a_broken_file_at_the_start_is_named_on_every_page(visit, monkeypatch, tmp_path):
    (tmp_path / "policy.yaml").write_text("version: 1\ntenants:\n  acme: {limit: {}}\n")
    monkeypatch.setenv("PBF_POLICY", str(tmp_path / "policy.yaml"))

    app = visit("services")

    sentence = "policy.yaml, line 3: There is no key"
    assert_one_sentence(app, "The policy file is not valid", sentence)


def test_the_schedule_offers_nothing_more_frequent_than_allowed(under, visit):
    runtime = under("{limits: {min_sync_frequency: 180}}")
    connector = next(item for item in runtime.portal.connectors().items if item.is_set_up)
    runtime.portal.operations.change(connector.id, timing={"sync_frequency": 360})
    app = visit("connector", id=connector.id)

    press(app, "Change schedule")

    assert app.selectbox(key="schedule-every").options == [
        "Every 3 hours",
        "Every 6 hours",
        "Every 8 hours",
        "Every 12 hours",
    ]


def test_a_limit_of_a_day_leaves_no_interval_to_offer(under, visit):
    runtime = under("{limits: {min_sync_frequency: 1440}}")
    connector = next(item for item in runtime.portal.connectors().items if item.is_set_up)
    runtime.portal.operations.change(connector.id, timing={"sync_frequency": 1440})
    app = visit("connector", id=connector.id)

    press(app, "Change schedule")

    assert app.radio(key="schedule-kind").options == ["At a time of day", "Manual only"]
    assert "Save" in labels(app)
