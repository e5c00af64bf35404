"""Other Streamlit apps: `st.connection`, on a sandbox of its own and on an account."""

import pytest
import requests
import streamlit as st
from streamlit.runtime.secrets import secrets_singleton
from streamlit.testing.v1 import AppTest

from pbf.connection import FivetranConnection
from pbf.errors import ConfigurationError

APP = """
import streamlit as st
from pbf.connection import FivetranConnection

fivetran = st.connection("fivetran", type=FivetranConnection)
st.dataframe(fivetran.services())
connectors = fivetran.connectors()
st.dataframe(connectors)
st.dataframe(fivetran.syncs(connectors.id[0]))
if name := st.text_input("Name"):
    st.session_state.id = fivetran.create("google_sheets", name)
    st.dataframe(fivetran.connectors())
    st.text(fivetran.card_url(st.session_state.id, redirect_uri="http://localhost:8501/"))
"""


@pytest.fixture
def app(tmp_path, monkeypatch):
    """An app in a folder of its own, whose connection is closed at the end."""
    monkeypatch.chdir(tmp_path)
    yield AppTest.from_string(APP, default_timeout=60)
    secrets_singleton._reset()  # Streamlit reads the file once
    st.cache_data.clear()
    st.cache_resource.clear()


def credentials(sandbox):
    world = sandbox.world
    return {
        "api_url": sandbox.url,
        "api_key": world.api_key,
        "api_secret": world.api_secret,
        "group_id": world.group_id,
    }


def test_without_credentials_the_app_runs_on_a_sandbox(app):
    app.run()

    services, connectors, syncs = (frame.value for frame in app.dataframe)
    assert len(services) == 773
    assert {"Working", "Needs you"} <= set(connectors.status)
    assert str(connectors.succeeded_at.dtype).endswith("UTC]")
    assert list(syncs.start) == sorted(syncs.start, reverse=True)
    assert len(syncs) > 1


def test_a_connector_is_created_and_its_card_opened(app):
    app.run()
    before = app.dataframe[1].value

    app.text_input[0].set_value("Sales plan").run()

    after = app.dataframe[3].value
    [created] = after[~after.id.isin(before.id)].itertuples()
    assert (created.name, created.status) == ("Sales plan", "Not finished")
    assert created.id == app.session_state.id
    card = requests.get(app.text[0].value, timeout=30)
    assert card.status_code == 200
    assert "Connect" in card.text


def test_with_credentials_in_secrets_toml_it_shows_the_account(app, sandbox, tmp_path):
    lines = [f'{name} = "{value}"' for name, value in credentials(sandbox).items()]
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(
        "\n".join(["[connections.fivetran]", *lines])
    )
    with sandbox.world.lock:
        ids = set(sandbox.world.connections)

    app.run()

    assert not app.exception
    assert set(app.dataframe[1].value.id) == ids


def test_the_environment_comes_before_secrets_toml(app, sandbox, tmp_path, monkeypatch):
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(
        '[connections.fivetran]\napi_key = "other"\napi_secret = "other"\ngroup_id = "other"\n'
    )
    for name, value in credentials(sandbox).items():
        monkeypatch.setenv(f"FIVETRAN_{name.upper()}", value)

    app.run()

    assert not app.exception


def test_incomplete_settings_are_explained_without_their_values():
    with pytest.raises(ConfigurationError, match="FIVETRAN_API_SECRET and FIVETRAN_GROUP_ID are"):
        FivetranConnection("fivetran", api_key="the-key")


def test_another_connection_does_not_read_the_environment(sandbox, monkeypatch):
    monkeypatch.setenv("FIVETRAN_API_KEY", "other")

    connection = FivetranConnection("europe", **credentials(sandbox))

    assert len(connection.connectors()) == len(sandbox.world.connections)
    connection.reset()
