from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pbf.components.gallery.synonyms import ALSO_KNOWN_AS, POPULAR
from pbf.sandbox.catalogue.services import services
from tests.support.parcels import opened


def script() -> None:
    import streamlit as st

    from pbf.components.gallery import gallery, packed

    rest = {"icon": "/icon.svg", "docs": "https://example.com", "mark": "", "yours": 0}
    stripe = {"id": "stripe", "name": "Stripe", "category": "Finance", "description": "Payments."}
    ember = {"id": "ember", "name": "\u00c9mber", "category": "Finance", "description": ""}
    cards = packed([{**stripe, **rest}, {**ember, **rest, "mark": "Beta", "yours": 2}])
    gallery(cards, version=st.session_state.get("version", "1"))


def payload(app: AppTest) -> dict[str, Any]:
    return opened(app.get("bidi_component")[0].proto)


def test_cards_are_sent_by_name_with_what_only_some_have_at_their_end():
    app = AppTest.from_function(script).run()

    assert not app.exception
    shared = ["/icon.svg", "https://example.com"]
    assert payload(app) == {
        "version": "1",
        "owner": "",
        "asks": False,
        "categories": ["Finance"],
        "cards": [
            ["ember", "\u00c9mber", 0, "", *shared, {"mark": "Beta", "yours": 2}],
            ["stripe", "Stripe", 0, "Payments.", *shared, {"popular": POPULAR.index("stripe")}],
        ],
    }


@pytest.mark.parametrize("turn", ["first", "second"])
def test_the_component_is_there_for_every_runtime_of_a_process(turn):
    app = AppTest.from_function(script).run()

    assert not app.exception
    assert len(app.get("bidi_component")) == 1
    assert "export default" in app.get("bidi_component")[0].proto.js_content


def test_every_service_with_a_place_or_another_name_is_in_the_catalogue():
    named = {*POPULAR, *ALSO_KNOWN_AS}

    assert named - set(services()) == set()


def test_no_service_is_popular_twice():
    assert len(set(POPULAR)) == len(POPULAR)
