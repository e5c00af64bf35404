import json

import pytest
from streamlit.testing.v1 import AppTest

from pbf.gallery.names import ALSO_KNOWN_AS, POPULAR
from pbf.sandbox.catalogue import services


def script() -> None:
    import streamlit as st

    from pbf.gallery import gallery

    card = {"id": "stripe", "name": "Stripe", "category": "Finance", "description": "Payments."}
    rest = {"icon": "/icon.svg", "docs": "https://example.com", "mark": "", "yours": 0}
    gallery([{**card, **rest}], version=st.session_state.get("version", "1"))


def payload(app: AppTest) -> dict[str, object]:
    return json.loads(app.get("bidi_component")[0].proto.json)


def test_a_card_is_sent_without_what_is_empty_and_with_its_place_among_the_popular():
    app = AppTest.from_function(script).run()

    assert not app.exception
    assert payload(app) == {
        "version": "1",
        "cards": [
            {
                "id": "stripe",
                "name": "Stripe",
                "category": "Finance",
                "description": "Payments.",
                "icon": "/icon.svg",
                "docs": "https://example.com",
                "popular": POPULAR.index("stripe"),
            }
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
