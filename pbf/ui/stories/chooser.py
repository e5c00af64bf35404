"""The stories to choose from, each with a button that plays it."""

from typing import TYPE_CHECKING

import streamlit as st

from pbf.errors import PbfError
from pbf.identity.models import Identity
from pbf.runtime import runtime
from pbf.ui import html, page
from pbf.ui.account.story_line import place_of

if TYPE_CHECKING:
    from pbf.runtime.stories.stories import Stories

WIDTH = 760


def show_all(visitor: Identity) -> None:
    """Show what stories are, and all of them; say so if there is no sandbox to play them on."""
    stories = runtime().stories
    if stories is None:
        st.info("Stories are played on the embedded sandbox. This is another account.")
        return
    tenant, refusal = stories.tenant, stories.refusal(visitor)
    with st.container(width=WIDTH):
        st.markdown(
            "A story shows what happens when something goes wrong, or grows. It plays in "
            f"**{page.plain(tenant.name if tenant else 'the first tenant')}**, on the sandbox's "
            "clock, for everybody who uses this sandbox: meanwhile the story's connectors are "
            "shown instead of the tenant's own. *Back to the start* brings these back as they were."
        )
        if refusal:
            st.info(page.plain(refusal), icon=":material/lock:")
        playing = stories.scene
        for story in stories.all:
            with st.container(border=True, key=f"story-{story.name}"):
                st.html(html.render("story", "choice", story=story))
                label = "Play again" if playing and playing.story == story.title else "Play"
                key = f"play-{story.name}-{page.turn()}"
                if st.button(label, icon=":material/play_arrow:", key=key, disabled=bool(refusal)):
                    _play(stories, visitor, story.name)


def _play(stories: "Stories", visitor: Identity, name: str) -> None:
    """Begin a story, and go where its first step is seen."""
    page.next_turn()
    try:
        with st.spinner("The sandbox makes room for the story…"):
            stories.play(visitor, name)
    except PbfError as error:
        page.stop_with(error)
    scene = stories.scene
    if scene and (place := place_of(scene, visitor)):
        st.switch_page(place[0], query_params=place[1])
    st.rerun()
