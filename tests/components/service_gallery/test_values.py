"""What `service_gallery` sends and returns in another app, without a browser."""

import pandas as pd
import pytest
import requests
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.support.parcels import opened
from tests.support.servers import ROOT

EXAMPLE = ROOT / "docs" / "examples" / "gallery.py"


def script():
    import streamlit as st

    from pbf.components.gallery import service_gallery

    service = service_gallery(st.session_state["services"], key="g", height=None)
    st.json(service if service else {})


@pytest.fixture
def show():
    """Run the script for services, and return the data of its gallery and the result."""

    def show(services, chosen=None):
        app = AppTest.from_function(script)
        app.session_state["services"] = services
        if chosen is not None:
            app.session_state["g"] = {"service": chosen}
        app.run()
        assert not app.exception
        return opened(app.get("bidi_component")[0].proto), app.json[0].value

    return show


def test_id_and_name_are_enough(show):
    data, result = show([{"id": "b", "name": "Beta"}, {"id": "a", "name": "Alpha"}])

    assert data["cards"] == [["a", "Alpha", 0, "", "", ""], ["b", "Beta", 0, "", "", ""]]
    assert (data["categories"], data["chooses"], data["chosen"]) == (["Other"], True, None)
    assert result == "{}"


def test_the_chosen_service_is_returned_with_all_that_is_known_of_it(show):
    services = pd.DataFrame([{"id": "a", "name": "A", "price": 3}, {"id": "b", "name": "B"}])

    data, result = show(services, chosen="a")

    assert data["chosen"] == "a"
    assert '"price":3' in result.replace(" ", "")


@pytest.mark.parametrize("chosen", ["nosuch", 3, ["a"], {"a": 1}])
def test_what_is_no_service_is_not_chosen(show, chosen):
    data, result = show([{"id": "a", "name": "A"}], chosen=chosen)

    assert (data["chosen"], result) == (None, "{}")


def test_a_missing_value_is_shown_as_nothing_and_a_service_without_api_is_marked(show):
    services = pd.DataFrame(
        [
            {"id": "a", "name": "A", "description": None, "creatable": False},
            {"id": "b", "name": "B", "description": "All of B.", "icon": "/b.svg"},
        ]
    )

    data, _ = show(services)

    assert data["cards"] == [
        ["a", "A", 0, "", "", "", {"mark": "In Fivetran only"}],
        ["b", "B", 0, "All of B.", "/b.svg", ""],
    ]


def test_the_version_changes_with_the_services_alone(show):
    first, again, other = (
        show([{"id": "a", "name": name}], chosen=chosen)[0]["version"]
        for name, chosen in (("A", None), ("A", "a"), ("B", None))
    )

    assert first == again != other


def test_the_example_shows_the_chosen_service(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 15
    app = AppTest.from_file(str(EXAMPLE), default_timeout=60).run()
    before = [item.value for item in app.subheader]

    app.session_state["service"] = {"service": "stripe"}
    app.run()

    data = opened(app.get("bidi_component")[0].proto)
    [icon] = [card[4] for card in data["cards"] if card[0] == "stripe"]
    assert (before, [item.value for item in app.subheader]) == ([], ["Stripe"])
    assert len(data["cards"]) == 773
    assert requests.get(icon, timeout=30).headers["Content-Type"].startswith("image/svg")
    st.cache_data.clear()
    st.cache_resource.clear()
