"""The line at the top of every page while a story is played on the embedded sandbox."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import streamlit as st

from pbf.errors import PbfError
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.runtime import runtime
from pbf.ui import html, session
from pbf.ui.account.top_row import people_to_look_as
from pbf.ui.markdown import plain

if TYPE_CHECKING:
    from pbf.runtime.stories.stories import Scene, Stories

# The revision of the story when the page was drawn last, and why something could not be played.
SHOWN, PROBLEM = "story", "story_problem"
PLACES: Mapping[str, str] = {
    "overview": "See the overview",
    "connectors": "See the connectors",
    "connector": "See the connector",
    "tables": "See its tables",
    "incidents": "See the incidents",
    "tenants": "See the tenants",
    "activity": "See the activity",
}
START = "../pages/stories.py"


def show_story(identity: Identity) -> bool:
    """Show what the story says now, if one is played; return whether it has moved on."""
    before, now = st.session_state.get(SHOWN, ""), runtime().story_revision
    st.session_state[SHOWN] = now
    stories = runtime().stories
    if stories and (scene := stories.scene):
        _show(stories, scene, identity)
    if problem := st.session_state.pop(PROBLEM, ""):
        st.error(plain(problem), icon=":material/error:")
    return bool(before != now)


def has_moved_on() -> bool:
    """Whether the story is not the one that this page was drawn with."""
    return bool(st.session_state.get(SHOWN, "") != runtime().story_revision)


def place_of(scene: "Scene", identity: Identity) -> tuple[str, dict[str, str]] | None:
    """Return the page on which somebody sees a step, and its query; None if they cannot."""
    if scene.page == "tenants" and not identity.is_operator:
        return None
    if scene.page != "tenants" and identity.tenant_id != scene.tenant_id:
        return None
    query = {"id": scene.connector_id} if scene.connector_id else {}
    return f"../pages/{scene.page}.py", query


def _show(stories: "Stories", scene: "Scene", identity: Identity) -> None:
    at = scene.at.astimezone(session.time_zone()).strftime("%H:%M")
    may_play = not stories.refusal(identity)
    with st.container(border=True, key="pbf-story", gap="small"):
        st.html(html.render("story", "line", scene=scene, at=at))
        with st.container(horizontal=True, vertical_alignment="center", key="pbf-story-ways"):
            if place := place_of(scene, identity):
                label, (path, query) = PLACES[scene.page], place
                st.page_link(path, label=label, icon=":material/visibility:", query_params=query)
            else:
                _show_who_sees_it(scene)
            if may_play:
                _show_ways(stories, stories.revision, identity, is_last=scene.is_last)


def _show_ways(stories: "Stories", revision: str, visitor: Identity, *, is_last: bool) -> None:
    """Show the ways on and back; the keys differ for each step, so a second click does nothing."""
    key, icon = f"story-next-{revision}", ":material/skip_next:"
    if not is_last and st.button("Next", type="primary", icon=icon, key=key):
        _try(lambda: stories.advance(visitor, revision))
        st.rerun()
    if st.button("Back to the start", icon=":material/replay:", key=f"story-back-{revision}"):
        _try(lambda: stories.leave(visitor))
        st.switch_page(START)  # the pages of the story's connectors are gone


def _show_who_sees_it(scene: "Scene") -> None:
    """Offer to look as somebody who sees the present step."""
    tenant = "" if scene.page == "tenants" else scene.tenant_id
    role = Role.ADMIN if tenant else Role.OPERATOR
    people = [
        person
        for person in people_to_look_as()
        if (person.tenant_id, person.role) == (tenant, role)
    ]
    whose = f"the people of {scene.tenant}" if tenant else "operators"
    st.html(html.render("story", "who_sees_it", people=people, whose=whose, next=f"/{scene.page}"))


def _try(operation: Callable[[], None]) -> None:
    """Do what was pressed; the next run says why it failed."""
    try:
        operation()
    except PbfError as error:
        st.session_state[PROBLEM] = str(error)
