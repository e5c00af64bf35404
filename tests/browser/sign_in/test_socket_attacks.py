"""What somebody might send over Streamlit's WebSocket; no browser is needed for it."""

import re

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import InvalidStatus

from tests.browser.sign_in.steps import ENDED, path_of
from tests.support.site import Site
from tests.support.sockets import drawn, run, socket, until_heartbeat

pytestmark = pytest.mark.exhaustive


@pytest.fixture(scope="module")
def ada(shared_site: Site) -> str:
    """The cookie of an admin of acme."""
    return shared_site.sign_in("ada")


@pytest.fixture(scope="module")
def grace(shared_site: Site) -> str:
    """The cookie of a viewer of globex."""
    return shared_site.sign_in("grace")


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param(None, id="none"),
        pytest.param("https://evil.example", id="foreign"),
        pytest.param("http://localhost:1", id="other-port"),
        pytest.param("http://127.0.0.1:1", id="loopback"),
        pytest.param("null", id="null"),
    ],
)
def test_a_socket_needs_our_origin(shared_site: Site, ada: str, origin: str | None):
    with pytest.raises(InvalidStatus) as caught, socket(shared_site, ada, origin=origin):
        pass

    assert caught.value.response.status_code == 403


@pytest.mark.parametrize("cookie", ["", "A" * 43, "id"])
def test_without_a_session_a_socket_draws_the_way_to_sign_in_alone(
    shared_site: Site, ada: str, cookie: str
):
    session_id = shared_site.identity(ada).session_id
    connection = shared_site.connector_of("acme")
    header = {"X-Pbf-Session": session_id, "X_Pbf_Session": session_id}
    own = session_id if cookie == "id" else cookie
    with socket(shared_site, own, **header) as opened:
        texts = [run(opened, page) for page in ("", "connectors", "activity")]
        texts.append(run(opened, "connector", path_of(connection).partition("?")[2]))

    for text in texts:
        assert ENDED in text
        assert connection.schema not in text


def test_a_header_from_outside_does_not_replace_the_session(
    shared_site: Site, ada: str, grace: str
):
    foreign, own = shared_site.connector_of("acme"), shared_site.connector_of("globex")
    header = {"X-Pbf-Session": shared_site.identity(ada).session_id}
    with socket(shared_site, grace, **header) as opened:
        text = run(opened, "connector", f"id={own.id}")

    assert own.schema in text
    assert foreign.schema not in text


def test_a_connector_of_another_tenant_does_not_exist_on_any_page(shared_site: Site, grace: str):
    foreign = shared_site.connector_of("acme")
    with socket(shared_site, grace) as opened:
        texts = [
            run(opened, page, f"{name}={foreign.id}")
            for page in ("connector", "tables", "connect", "connectors", "activity", "services", "")
            for name in ("id", "returned", "connector")
        ]

    for text in texts:
        assert foreign.schema not in text
        assert foreign.group_id not in text


def test_somebody_who_knows_streamlits_session_id_cannot_resume_it(
    shared_site: Site, ada: str, grace: str
):
    connection = shared_site.connector_of("acme")
    with socket(shared_site, ada) as opened:
        text = run(opened, "connector", f"id={connection.id}")
        streamlit_id = text.partition('session_id: "')[2].partition('"')[0]
    with (
        socket(shared_site, grace, resumed=streamlit_id) as foreign,
        socket(shared_site, "", resumed=streamlit_id) as nobody,
    ):
        texts = [run(foreign, "connector"), run(nobody, "connector")]

    assert connection.schema in text
    assert streamlit_id
    for other in texts:
        assert connection.schema not in other
        assert streamlit_id not in other
    assert ENDED in texts[1]


def test_a_viewers_crafted_click_changes_nothing(shared_site: Site, grace: str):
    shared_site.add_partner("eve", "eve@both.example")
    editors, viewers = shared_site.connectors_of("acme")[-1], shared_site.connector_of("globex")
    with socket(shared_site, shared_site.sign_in("eve", "partner")) as opened:
        text = run(opened, "connector", f"id={editors.id}")
        clicks = set(re.findall(r"\$\$ID-[0-9a-f]+-pause-[0-9]+", text))
        run(opened, "connector", f"id={editors.id}", *clicks)
    changed = shared_site.state()

    with socket(shared_site, grace) as opened:
        run(opened, "connector", f"id={viewers.id}")
        answer = run(opened, "connector", f"id={viewers.id}", *clicks)

    assert len(clicks) == 1
    assert editors.paused
    assert not viewers.paused
    assert viewers.schema in answer
    assert shared_site.state() == changed


def test_a_session_that_has_ended_gets_nothing_by_an_open_socket(shared_site: Site):
    cookie = shared_site.sign_in("bob")
    connection = shared_site.connector_of("acme")
    with socket(shared_site, cookie) as opened:
        before = run(opened, "connector", f"id={connection.id}")
        shared_site.sessions.revoke(shared_site.identity(cookie).session_id, "ended")
        end = drawn(opened)
        for page in ("connectors", "connector", ""):
            message = BackMsg()
            message.rerun_script.page_name = page
            opened.send(message.SerializeToString())
        afterwards = until_heartbeat(opened)

    assert connection.schema in before
    assert ENDED in end
    assert not any(message.HasField("new_session") for message in afterwards)
    assert not any(message.HasField("delta") for message in afterwards)
