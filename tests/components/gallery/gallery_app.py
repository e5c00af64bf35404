"""A dashboard of three pages around the gallery, for the browser tests."""

import streamlit as st

from pbf.components.gallery import asked_for, gallery, packed

DOCS = "https://example.com/docs"
NAMED = {
    "google_analytics_4": ("Google Analytics 4", "Marketing"),
    "google_analytics_4_export": ("Google Analytics 4 Export", "Marketing"),
    "google_sheets": ("Google Sheets", "File"),
    "facebook_ads": ("Facebook Ads", "Marketing"),
    "postgres": ("PostgreSQL", "Database"),
    "heroku_postgres": ("Heroku Postgres", "Database"),
    "salesforce": ("Salesforce", "Sales"),
    "pipedrive": ("Pipedrive", "Sales"),
    "drip": ("Drip", "Marketing"),
    "stripe": ("Stripe", "Finance"),
    "ebay": ("eBay", "Finance"),
    "mailchimp": ("Mailchimp", "Marketing"),
}
HOSTILE = {
    "id": 'bad"><img src=x onerror=window.hacked=1>',
    "name": "<img src=x onerror=window.hacked=2> Evil",
    "category": "<script>window.hacked=3</script>",
    "description": "<svg onload=window.hacked=4>",
    "icon": "javascript:window.hacked=5",
    "docs": "javascript:window.hacked=6",
    "mark": "<b>Beta</b>",
    "yours": 0,
}


def card(service: str, name: str, category: str, **more: object) -> dict[str, object]:
    empty = {"description": f"All of {name}.", "icon": "", "mark": "", "yours": 0}
    docs = f"{DOCS}/{service}"
    return {"id": service, "name": name, "category": category, "docs": docs, **empty, **more}


def cards(count: int) -> list[dict[str, object]]:
    named = [card(service, *words) for service, words in NAMED.items()]
    named[4] |= {"yours": 2, "mark": "Beta"}
    named[6] |= {"icon": "/no-such-icon.svg", "docs": "//example.com/elsewhere"}
    fillers = [card(f"filler_{n}", f"Filler {n:03}", "Other") for n in range(count)]
    return [*named, HOSTILE, *fillers]


def services() -> None:
    st.title("Services")
    count = st.session_state.setdefault("count", 150)
    if st.button("One more"):
        count = st.session_state["count"] = count + 1
    if text := asked_for():
        st.caption(f"asked for {text}")
    gallery(packed(cards(count)), version=str(count), asks="closed" not in st.query_params)
    st.caption(f"run {st.session_state['runs']}")


def connect() -> None:
    st.title("Connect")
    st.caption(f"run {st.session_state['runs']} for {st.query_params['service']}")


def home() -> None:
    st.title("Home")


st.session_state["runs"] = st.session_state.get("runs", 0) + 1
st.navigation(
    [
        st.Page(home, title="Home", default=True),
        st.Page(services, title="Services", url_path="services"),
        st.Page(connect, title="Connect", url_path="connect"),
    ]
).run()
