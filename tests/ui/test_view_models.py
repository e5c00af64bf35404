import pytest

from pbf.fivetran.models import Service
from pbf.ui.view_models import card, category, stage


def test_a_card_says_what_the_catalogue_does():
    stripe = {
        "id": "stripe",
        "name": "Stripe",
        "type": "Finance",
        "description": "Payments.",
        "icon_url": "https://f.example/stripe.svg",
        "link_to_docs": "https://f.example/docs",
        "service_status": "beta",
    }

    assert card(Service.model_validate(stripe), 2) == {
        "id": "stripe",
        "name": "Stripe",
        "category": "Finance",
        "description": "Payments.",
        "icon": "https://f.example/stripe.svg",
        "docs": "https://f.example/docs",
        "mark": "Beta",
        "yours": 2,
    }


def test_a_card_of_which_only_the_id_is_known_is_named_by_it():
    values = {name: value for name, value in card(Service(id="slack"), 0).items() if value}

    assert values == {"id": "slack", "name": "slack", "category": "Other"}


def test_a_service_that_the_api_cannot_create_is_marked():
    features = [{"id": "RE_SYNC", "notes": ""}]
    beta = {"id": "log", "service_status": "beta", "supported_features": features}

    assert stage(Service.model_validate(beta)) == "In Fivetran only"
    features.append({"id": "API_CONFIGURABLE", "notes": ""})
    assert stage(Service.model_validate(beta)) == "Beta"


@pytest.mark.parametrize(
    ("kind", "words"),
    [("HumanResources", "Human resources"), ("NewThing", "New thing"), ("", "Other")],
)
def test_a_category_is_told_in_words(kind: str, words: str):
    assert category(Service(id="x", type=kind)) == words


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("general_availability", ""),
        ("beta", "Beta"),
        ("sunset", "Sunset"),
        ("early_access", "Early access"),
        ("", ""),
    ],
)
def test_a_stage_is_told_in_words(status: str, words: str):
    assert stage(Service(id="x", service_status=status)) == words
