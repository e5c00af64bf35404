import pytest
import responses
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import API, CONNECTORS, SERVICES
from tests.pages.reading import assert_one_sentence, everything, html, labels, press
from tests.pages.test_connector import ROW

SCHEMAS = f"{API}/v1/connections/ours/schemas"
LOCK = {"allowed": False, "reason_code": "OTHER", "reason": "The table has no key."}


def config(tables: dict[str, bool], **locked: bool) -> dict:
    every = {name: {"enabled": on} for name, on in tables.items()}
    for name, on in locked.items():
        every[name] = {"enabled": on, "enabled_patch_settings": LOCK}
    schemas = {"public": {"name_in_destination": "money", "enabled": True, "tables": every}}
    return {"data": {"schema_change_handling": "ALLOW_ALL", "schemas": schemas}}


@pytest.fixture
def account(fivetran) -> responses.RequestsMock:
    """An account of one connector whose source has two tables, and a third that is locked."""
    fivetran.get(SERVICES, json={"data": {"items": []}})
    fivetran.get(CONNECTORS, json={"data": {"items": [ROW]}})
    fivetran.get(SCHEMAS, json=config({"orders": True, "users": False}, audit=True))
    return fivetran


def changes(app: AppTest) -> str:
    return next(text.value for text in app.markdown if text.value.startswith("**Changes**"))


def disabled(app: AppTest, label: str) -> bool:
    return next(button.disabled for button in app.button if button.label == label)


def test_tables_are_listed_and_counted(account, visit):
    app = visit("tables", id="ours")

    assert [title.value for title in app.title] == ["Tables of money"]
    assert "2 of 3 tables are synced. 2 shown here." in html(app)
    assert "New tables and columns in the source are synced automatically." in html(app)
    assert disabled(app, "Save")
    assert not app.exception


def test_locked_tables_are_listed_with_why(account, visit):
    app = visit("tables", id="ours")

    assert "<td>public.audit</td><td>yes</td><td>The table has no key.</td>" in html(app)
    assert "pbf-locked" in html(app)


def test_a_null_table_or_schema_takes_nothing_with_it_and_is_counted(account, visit):
    answer = config({"orders": True, "users": False})
    answer["data"]["schemas"]["public"]["tables"]["gone"] = None
    answer["data"]["schemas"] |= {"nothing": None, "empty": {"tables": None}, "odd": 5}
    account.upsert("GET", SCHEMAS, json=answer)

    app = visit("tables", id="ours")

    assert "1 of 2 tables are synced. 2 shown here." in html(app)
    assert "2 schemas and 1 table of Fivetran" in html(app)
    assert not app.error
    assert not app.exception


def test_changes_are_summed_up_before_they_are_saved(account, visit):
    app = press(visit("tables", id="ours"), "Select all")

    assert "1 on: public.users" in changes(app)
    assert "Save 1 change" in labels(app)
    assert not app.exception


def test_a_search_does_not_lose_what_is_chosen(account, visit):
    app = visit("tables", id="ours")
    app.text_input(key="tables-search").set_value("users").run()
    press(app, "Select all")

    app.text_input(key="tables-search").set_value("orders").run()
    app = press(app, "Select none")

    assert "1 on, 1 off: on public.users; off public.orders" in changes(app)
    app = press(app, "Undo")
    assert "Nothing is changed" in changes(app)


def test_a_whole_schema_is_switched_at_once(account, visit):
    two = config({"orders": True, "users": True})
    two["data"]["schemas"]["audit"] = {"enabled": True, "tables": {"orders": {"enabled": True}}}
    account.upsert("GET", SCHEMAS, json=two)

    app = visit("tables", id="ours").selectbox(key="tables-schema").select("public").run()
    app = press(app, "Select none")

    assert "2 off: public.orders, public.users" in changes(app)
    assert not app.exception


def test_a_search_that_finds_nothing_says_so(account, visit):
    app = visit("tables", id="ours")

    app = app.text_input(key="tables-search").set_value("nonesuch").run()

    assert "No tables match your search." in app.info[0].value
    assert disabled(app, "Select all")


def test_what_is_saved_is_what_was_chosen_and_what_is_shown_is_what_fivetran_answers(
    account, visit
):
    schemas = {"public": {"tables": {"users": {"enabled": True}}, "enabled": True}}
    account.patch(
        SCHEMAS,
        json=config({"orders": True, "users": True}, audit=True),
        match=[responses.matchers.json_params_matcher({"schemas": schemas})],
    )
    app = press(visit("tables", id="ours"), "Select all")

    app = press(app, "Save 1 change")

    assert app.success[0].value == "Saved. 3 of 3 tables are synced."
    assert "Nothing is changed" in changes(app)
    assert not app.error


def test_a_change_that_answers_500_and_worked_is_shown_as_it_is(account, visit):
    app = press(visit("tables", id="ours"), "Select all")
    account.patch(SCHEMAS, status=500)
    account.upsert("GET", SCHEMAS, json=config({"orders": True, "users": True}, audit=True))

    app = press(app, "Save 1 change")

    assert app.success[0].value == "Saved. 3 of 3 tables are synced."
    assert "Nothing is changed" in changes(app)
    assert not app.error


def test_a_change_that_fails_keeps_what_was_chosen(account, visit):
    app = press(visit("tables", id="ours"), "Select all")
    account.patch(SCHEMAS, status=500)

    app = press(app, "Save 1 change")

    assert "Fivetran failed to answer (500)." in app.error[0].value
    assert "Save 1 change" in labels(app)
    assert not app.exception


def test_before_the_source_was_read_it_says_when_there_will_be_tables(account, visit):
    account.upsert("GET", SCHEMAS, status=404, json={"code": "NotFound_SchemaConfig"})
    account.upsert("GET", CONNECTORS, json={"data": {"items": [{**ROW, "succeeded_at": None}]}})

    app = visit("tables", id="ours")

    assert "The first sync reads which tables there are." in app.info[0].value
    assert "Load tables now" in labels(app)
    assert not app.exception


def test_the_source_can_be_looked_at_now(account, visit):
    account.upsert("GET", SCHEMAS, status=404, json={})
    account.post(f"{SCHEMAS}/reload", json=config({"orders": True}))

    app = press(visit("tables", id="ours"), "Load tables now")

    assert app.success[0].value == "Reloaded. 1 of 1 tables are synced."
    assert "Reload tables" in labels(app)


def test_a_look_that_fails_is_told(account, visit):
    account.upsert("GET", SCHEMAS, status=404, json={})
    account.post(f"{SCHEMAS}/reload", status=500)

    app = press(visit("tables", id="ours"), "Load tables now")

    assert "Fivetran failed to answer (500)." in app.error[0].value
    assert not app.exception


def test_a_look_whose_answer_was_lost_shows_what_it_found(account, visit):
    account.upsert("GET", SCHEMAS, status=404, json={})
    app = visit("tables", id="ours")
    account.post(f"{SCHEMAS}/reload", status=500)
    account.upsert("GET", SCHEMAS, json=config({"orders": True}))

    app = press(app, "Load tables now")

    assert app.success[0].value == "Reloaded. 1 of 1 tables are synced."
    assert not app.error


def test_a_source_without_tables_says_so(account, visit):
    account.upsert("GET", SCHEMAS, json={"data": {"schemas": {}}})

    assert "found no tables" in visit("tables", id="ours").info[0].value


def test_a_broken_connector_shows_its_tables_and_says_what_to_do_first(runtime, named, visit):
    app = visit("tables", id=named("zendesk_support").id)

    assert "Repair it first." in app.info[0].value
    assert not disabled(app, "Select all")
    assert not disabled(app, "Reload tables")
    assert not app.exception


def test_an_unfinished_connector_says_what_to_do_first(runtime, named, visit):
    app = visit("tables", id=named("facebook_ads_dach").id)

    assert "Finish the set-up first." in app.info[0].value
    assert not disabled(app, "Load tables now")
    assert not app.exception


@pytest.mark.parametrize(
    ("said", "offered"),
    [
        pytest.param({}, True, id="nothing-known"),
        pytest.param({"supports_schema_reload": True}, True, id="supported"),
        pytest.param({"supports_schema_reload": False}, False, id="not-supported"),
    ],
)
def test_a_look_is_offered_unless_the_metadata_says_that_fivetran_cannot(
    fivetran, visit, said: dict, offered: bool
):
    stripe = {"id": "stripe", "name": "Stripe"}
    fivetran.get(SERVICES, json={"data": {"items": [stripe]}})
    fivetran.get(f"{SERVICES}/stripe", json={"data": {**stripe, **said}})
    fivetran.get(CONNECTORS, json={"data": {"items": [ROW]}})
    fivetran.get(SCHEMAS, json=config({"orders": True, "users": False}))

    app = visit("tables", id="ours")

    assert ("Reload tables" in labels(app)) is offered
    assert ("cannot reload the tables of this source" in html(app)) is not offered
    assert not disabled(app, "Select all")


def test_a_choice_reaches_the_sandbox(runtime, named, visit):
    connector_id = named("webshop").id
    app = press(visit("tables", id=connector_id), "Select none")

    app = press(app, next(label for label in labels(app) if label.startswith("Save")))

    assert app.success[0].value.startswith("Saved. ")
    config = runtime.portal.operations.schemas(connector_id)
    free = [
        table.enabled
        for schema in config.schemas.values()
        for table in schema.tables.values()
        if table.enabled_patch_settings.allowed is not False
    ]
    assert free
    assert not any(free)


def test_hundreds_of_tables_are_one_list(account, visit):
    tables = {f"table_{number:04}": number % 2 == 0 for number in range(900)}
    account.upsert("GET", SCHEMAS, json=config(tables))

    app = visit("tables", id="ours")

    assert "450 of 900 tables are synced. 900 shown here." in html(app)
    assert [len(editor.value) for editor in app.data_editor] == [900]


def test_the_choice_for_one_connector_is_not_that_for_another(account, visit):
    second = {**ROW, "id": "other", "schema": "second"}
    account.upsert("GET", CONNECTORS, json={"data": {"items": [ROW, second]}})
    account.get(SCHEMAS.replace("ours", "other"), json=config({"orders": False}))
    app = press(visit("tables", id="ours"), "Select all")

    app.query_params["id"] = "other"
    app = app.run()

    assert "Nothing is changed" in changes(app)
    assert "0 of 1 tables are synced. 1 shown here." in html(app)


@pytest.mark.parametrize("query", [{"id": "nonesuch"}, {}], ids=["unknown", "none"])
def test_a_connector_that_is_not_there_is_a_plain_message(runtime, visit, query: dict):
    app = visit("tables", **query)

    assert [title.value for title in app.title] == ["Connector not found"]
    assert "All connectors" in everything(app)
    assert not app.exception


def test_somebody_elses_tables_are_not_there(runtime, sandbox, visit):
    group = sandbox.world.add_group("Other")
    foreign = sandbox.world.add_connections(1, group_id=group.id)[0]

    app = visit("tables", id=foreign.id)

    assert [title.value for title in app.title] == ["Connector not found"]


def test_a_failing_fivetran_is_told_in_one_sentence(failure, visit):
    assert_one_sentence(visit("tables", id="ours"), failure.heading, failure.sentence)


def test_tables_that_cannot_be_read_are_told_in_one_sentence(account, visit):
    account.upsert("GET", SCHEMAS, status=500, body="the-secret")

    app = visit("tables", id="ours")

    heading = "Fivetran did not respond as expected"
    assert_one_sentence(app, heading, "Fivetran failed to answer (500).")


def test_half_set_credentials_are_named(half_set, visit):
    missing = "FIVETRAN_API_SECRET and FIVETRAN_GROUP_ID are not set."
    assert_one_sentence(visit("tables", id="ours"), "The settings are incomplete", missing)


def test_without_settings_there_is_the_sandbox(unset, visit):
    assert "<strong>Sandbox.</strong>" in html(visit("tables", id="nonesuch"))
