from types import SimpleNamespace

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.scriptrunner_utils.script_requests import (
    RerunData,
    ScriptRequests,
    ScriptRequestType,
)

from pbf.server.streamlit_patches import ignore_fragments_of_left_pages, keep_unsent_elements


@pytest.fixture
def requests(monkeypatch):
    """The requests of one visitor's session, who has left the page "old" for "new"."""
    monkeypatch.setattr(ScriptRequests, "request_rerun", ScriptRequests.request_rerun)
    ignore_fragments_of_left_pages()
    session_requests = ScriptRequests()
    for page in ("old", "new"):
        session_requests.request_rerun(RerunData(page_script_hash=page))
        assert session_requests.on_scriptrunner_ready().rerun_data.page_script_hash == page
    return session_requests


def fragment(page: str) -> RerunData:
    return RerunData(page_script_hash=page, fragment_id="a")


def test_a_fragment_of_a_left_page_runs_nothing(requests):
    assert requests.request_rerun(fragment("old"))

    assert requests.on_scriptrunner_ready().type == ScriptRequestType.STOP


@pytest.mark.parametrize("page", ["new", ""])
def test_a_fragment_of_the_open_page_runs(requests, page):
    requests.request_rerun(fragment(page))

    assert requests.on_scriptrunner_ready().rerun_data.fragment_id_queue == ["a"]


def test_the_patch_is_applied_once(requests):
    once = ScriptRequests.request_rerun

    ignore_fragments_of_left_pages()

    assert ScriptRequests.request_rerun is once


def element(position: int, *, fragment: str = "") -> ForwardMsg:
    """The message that draws an element at a position of the page."""
    message = ForwardMsg()
    message.metadata.delta_path[:] = [0, position]
    message.delta.fragment_id = fragment
    message.delta.new_element.markdown.body = f"element {position}"
    return message


def positions_sent(fragments_that_run: list[str] | None) -> list[int]:
    """Return what of a page with a fragment is sent, if a run begins before anything is."""
    queue = ForwardMsgQueue()
    queue.enqueue(element(0, fragment="a"))
    queue.enqueue(element(1))
    AppSession._clear_queue(SimpleNamespace(_browser_queue=queue), fragments_that_run)
    return [message.metadata.delta_path[1] for message in queue.flush()]


def test_a_page_is_sent_whole_though_a_fragment_of_it_runs_again(monkeypatch):
    monkeypatch.setattr(AppSession, "_clear_queue", AppSession._clear_queue)
    assert positions_sent(["a"]) == [1]  # once it is [0, 1], the patch is needless

    keep_unsent_elements()
    once = AppSession._clear_queue
    keep_unsent_elements()

    assert AppSession._clear_queue is once
    assert positions_sent(["a"]) == [0, 1]
    assert positions_sent(None) == []
