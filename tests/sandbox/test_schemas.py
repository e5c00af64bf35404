"""Schemas: what a connection syncs from its source, and how to change it."""

import pytest

from pbf.sandbox.app import create_app
from pbf.sandbox.catalogue import sources
from pbf.sandbox.catalogue.services import services
from pbf.sandbox.core.assumptions import Assumptions
from pbf.sandbox.sandbox import Sandbox
from tests.sandbox.conftest import START, Api

MINUTE = 60


@pytest.fixture
def shop(seeded):
    """The path of a connected database's schemas; its first sync was long ago."""
    return f"/connections/{seeded('webshop')['id']}/schemas"


@pytest.fixture
def crm(seeded):
    """The path of the schemas of a connected application."""
    return f"/connections/{seeded('salesforce_crm')['id']}/schemas"


@pytest.fixture
def fresh(create):
    """The path of the schemas of a connection that was never authorised."""
    created = create("postgres", {"schema_prefix": "fresh", "host": "h"})
    return f"/connections/{created['id']}/schemas"


def id_of(path):
    return path.split("/")[2]


def tables(api, path, schema="public"):
    return api.data(path)["schemas"][schema]["tables"]


def enabled(api, path):
    schemas = api.data(path)["schemas"]
    return {
        f"{schema}.{table}"
        for schema, inside in schemas.items()
        for table, config in inside["tables"].items()
        if inside["enabled"] and config["enabled"]
    }


def test_a_configuration_shows_schemas_and_tables_but_no_unchanged_columns(api, shop):
    answer = api.get(shop)

    data = answer.json["data"]
    assert answer.json["message"] == "Schema configuration retrieved successfully"
    assert (data["schema_change_handling"], data["enable_new_by_default"]) == ("ALLOW_ALL", True)
    assert list(data["schemas"]) == ["public", "analytics"]
    assert data["schemas"]["public"]["name_in_destination"] == "webshop_public"
    assert data["schemas"]["public"]["tables"]["order_items"] == {
        "name_in_destination": "order_items",
        "enabled": True,
        "enabled_patch_settings": {"allowed": True},
        "supports_columns_config": True,
        "supports_history_mode": True,
        "sync_mode": "SOFT_DELETE",
        "columns": {},
    }


def test_salesforce_has_a_single_key_and_its_own_names(api, crm):
    schemas = api.data(crm)["schemas"]

    assert list(schemas) == ["salesforce"]
    assert schemas["salesforce"]["name_in_destination"] == "salesforce_crm"
    table = schemas["salesforce"]["tables"]["Opportunity"]
    assert table["name_in_destination"] == "opportunity"
    assert "sync_mode" not in table
    columns = api.data(f"{crm}/salesforce/tables/Opportunity/columns")["columns"]
    assert columns["StageName"]["name_in_destination"] == "stage_name"


def test_an_application_has_the_schema_that_it_writes_to(api, seeded):
    stripe = api.data(f"/connections/{seeded('stripe_payments')['id']}/schemas")["schemas"]
    sheet = api.data(f"/connections/{seeded('sales_targets.plan')['id']}/schemas")["schemas"]

    assert stripe["stripe_payments"]["name_in_destination"] == "stripe_payments"
    assert {"charge", "customer", "invoice"} <= stripe["stripe_payments"]["tables"].keys()
    assert list(sheet["sales_targets"]["tables"]) == ["plan"]


@pytest.mark.parametrize("schema", ["facebook_ads_dach", "shopify_storefront"])
def test_there_is_no_configuration_before_the_first_sync(api, seeded, schema):
    connection_id = seeded(schema)["id"]

    answer = api.get(f"/connections/{connection_id}/schemas")
    change = api.patch(f"/connections/{connection_id}/schemas", {"schemas": {}})

    assert answer.status_code == change.status_code == 404
    assert answer.json == {
        "code": "NotFound_SchemaConfig",
        "message": f"Connector with id '{connection_id}' doesn't have schema config",
    }


def test_the_first_sync_creates_the_configuration(api, fresh, world):
    world.pass_setup(id_of(fresh))
    during = api.get(fresh).status_code
    world.advance(21)

    assert during == 404
    assert api.get(fresh).status_code == 200


def test_a_reload_creates_the_configuration_of_a_connected_connection(api, fresh, world):
    early = api.post(f"{fresh}/reload", {})
    world.pass_setup(id_of(fresh))

    answer = api.post(f"{fresh}/reload", {"exclude_mode": "PRESERVE"})

    assert (early.status_code, early.json["code"]) == (400, "InvalidInput")
    assert early.json["message"].startswith(
        "We expected the connector's setup state ('status.setup_state') to be 'connected', "
        "but it was 'incomplete'."
    )
    assert answer.json["message"] == "Schema configuration has been reloaded"
    assert answer.json["data"] == api.data(fresh)


def test_a_reload_excludes_or_includes_everything(api, shop):
    at_first = enabled(api, shop)
    api.patch(f"{shop}/public/tables/orders", {"enabled": False})

    preserved = api.post(f"{shop}/reload")
    kept = enabled(api, shop)
    api.post(f"{shop}/reload", {"exclude_mode": "EXCLUDE"})
    none = enabled(api, shop)
    api.patch(f"{shop}/public", {"enabled": True, "tables": {"orders": {"enabled": True}}})
    only_orders = enabled(api, shop)
    api.post(f"{shop}/reload", {"exclude_mode": "INCLUDE"})

    assert preserved.status_code == 200
    assert kept == at_first - {"public.orders"}
    assert (none, only_orders) == (set(), {"public.orders"})
    assert enabled(api, shop) == at_first
    assert api.post(f"{shop}/reload", {"exclude_mode": "SOME"}).status_code == 400


def test_files_that_become_tables_have_no_configuration(api, create, world):
    created = create("s3", {"schema": "files", "table_group_name": "all"})
    world.pass_setup(created["id"])
    world.advance(MINUTE)
    path = f"/connections/{created['id']}/schemas"

    answers = [api.get(path), api.post(f"{path}/reload"), api.post(path, {"schemas": {}})]

    assert [answer.status_code for answer in answers] == [404, 400, 400]
    assert answers[0].json["code"] == "NotFound_SchemaConfig"


def test_settings_made_before_the_first_sync_are_returned_and_then_applied(api, fresh, world):
    body = {
        "schema_change_handling": "BLOCK_ALL",
        "schemas": {
            "public": {
                "enabled": True,
                "tables": {
                    "orders": {
                        "enabled": True,
                        "sync_mode": "HISTORY",
                        "columns": {
                            "total": {"enabled": True, "hashed": True},
                            "id": {"enabled": False},
                        },
                    },
                    "gone": {"enabled": True},
                },
            }
        },
    }

    answer = api.post(fresh, body)
    world.pass_setup(id_of(fresh))
    world.advance(21)

    assert answer.json["message"] == "Schema configuration pre-created successfully"
    public = answer.json["data"]["schemas"]["public"]
    assert public["name_in_destination"] == "fresh_public"
    assert public["tables"]["orders"]["columns"]["total"]["hashed"] is True
    assert public["tables"]["orders"]["sync_mode"] == "HISTORY"
    assert set(public["tables"]) == {"orders", "gone"}
    assert enabled(api, fresh) == {"public.orders"}
    orders = tables(api, fresh)["orders"]
    assert orders["sync_mode"] == "HISTORY"
    assert orders["columns"]["id"]["enabled"] is True
    assert "gone" not in tables(api, fresh)


def test_settings_cannot_be_made_once_the_source_was_read(api, shop):
    answer = api.post(shop, {"schemas": {}})

    assert (answer.status_code, answer.json["code"]) == (409, "Conflict")


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        pytest.param(
            "",
            {"schemas": {"public": {"tables": {"orders": {"enabled": False}}}}},
            "Schema configuration has been modified",
            id="all",
        ),
        pytest.param(
            "/public",
            {"enabled": True, "tables": {"orders": {"enabled": False}}},
            "Database schema configuration has been modified",
            id="schema",
        ),
        pytest.param(
            "/public/tables/orders",
            {"enabled": False},
            "Table configuration has been modified",
            id="table",
        ),
    ],
)
def test_a_table_can_be_excluded(api, shop, path, body, message):
    before = enabled(api, shop)

    answer = api.patch(f"{shop}{path}", body)

    assert answer.json["message"] == message
    assert answer.json["data"] == api.data(shop)
    assert before - enabled(api, shop) == {"public.orders"}


def test_a_schema_can_be_excluded(api, shop):
    answer = api.patch(f"{shop}/analytics", {"enabled": False})

    assert answer.json["data"]["schemas"]["analytics"]["enabled"] is False
    assert answer.json["data"]["schemas"]["public"]["enabled"] is True


def test_an_excluded_or_hashed_column_is_returned(api, shop):
    column = f"{shop}/public/tables/customers/columns"

    hidden = api.patch(f"{column}/phone", {"enabled": False})
    api.patch(f"{column}/email", {"enabled": True, "hashed": True})

    assert hidden.json["message"] == "Column configuration has been modified"
    shown = tables(api, shop)["customers"]["columns"]
    assert shown == {
        "email": {
            "name_in_destination": "email",
            "enabled": True,
            "hashed": True,
            "is_primary_key": False,
            "enabled_patch_settings": {"allowed": True},
        },
        "phone": {
            "name_in_destination": "phone",
            "enabled": False,
            "hashed": False,
            "is_primary_key": False,
            "enabled_patch_settings": {"allowed": True},
        },
    }
    columns = api.data(column)["columns"]
    assert {name: columns[name] for name in shown} == shown
    assert len(columns) == 8


def test_every_column_is_listed_with_the_reason_it_is_locked(api, shop):
    answer = api.get(f"{shop}/public/tables/orders/columns")

    columns = answer.json["data"]["columns"]
    assert answer.json["message"] == "Column configuration retrieved successfully"
    assert columns["id"]["is_primary_key"] is True
    assert columns["id"]["enabled_patch_settings"] == {
        "allowed": False,
        "reason_code": "OTHER",
        "reason": sources.KEY_COLUMN,
    }
    assert columns["_fivetran_synced"]["enabled_patch_settings"] == {
        "allowed": False,
        "reason_code": "SYSTEM_COLUMN",
    }


def test_columns_are_read_from_a_connected_source_only(api, seeded):
    path = f"/connections/{seeded('zendesk_support')['id']}/schemas"

    assert api.get(path).status_code == 200
    answer = api.get(f"{path}/zendesk_support/tables/ticket/columns")
    assert (answer.status_code, answer.json["code"]) == (400, "InvalidInput")
    assert "it was 'broken'" in answer.json["message"]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/Public", id="schema"),
        pytest.param("/public/tables/Orders", id="table"),
        pytest.param("/public/tables/orders/columns/Total", id="column"),
        pytest.param("/Public/tables/orders/columns/total", id="schema-of-column"),
    ],
)
def test_names_are_case_sensitive(api, shop, path):
    before = api.data(shop)

    answer = api.patch(f"{shop}{path}", {"enabled": False})

    assert answer.status_code == 404
    assert answer.json["code"].startswith("NotFound_")
    assert api.data(shop) == before


def test_a_change_that_is_partly_impossible_changes_nothing(api, shop):
    before = api.data(shop)
    body = {
        "schema_change_handling": "BLOCK_ALL",
        "schemas": {"public": {"tables": {"orders": {"enabled": False}, "none": {}}}},
    }
    body["schemas"]["public"]["tables"]["none"] = {"enabled": True}

    answer = api.patch(shop, body)

    assert answer.status_code == 404
    assert api.data(shop) == before


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        pytest.param(
            "/public/tables/import_buffer",
            {"enabled": True},
            "Table 'import_buffer' of schema 'public' can not be included",
            id="no-key",
        ),
        pytest.param(
            "/public/tables/orders/columns/id",
            {"enabled": False},
            "Column 'id' of table 'orders' can not be excluded",
            id="key",
        ),
        pytest.param(
            "/public/tables/orders/columns/_fivetran_synced",
            {"enabled": False},
            "Column '_fivetran_synced' of table 'orders' can not be excluded",
            id="system-column",
        ),
    ],
)
def test_a_locked_table_or_column_cannot_be_changed(api, shop, path, body, message):
    answer = api.patch(f"{shop}{path}", body)
    same = api.patch(f"{shop}/public/tables/import_buffer", {"enabled": False})

    assert answer.status_code == 400
    assert answer.json == {"code": "InvalidInput", "message": message}
    assert same.status_code == 200


def test_locked_tables_have_a_reason(api, crm, shop):
    system = tables(api, crm, "salesforce")["fivetran_audit"]
    deleted = tables(api, crm, "salesforce")["legacy_export"]
    unkeyed = tables(api, shop)["import_buffer"]

    assert (system["enabled"], deleted["enabled"], unkeyed["enabled"]) == (True, False, False)
    assert system["enabled_patch_settings"] == {"allowed": False, "reason_code": "SYSTEM_TABLE"}
    assert deleted["enabled_patch_settings"] == {"allowed": False, "reason_code": "DELETED"}
    assert unkeyed["enabled_patch_settings"] == {
        "allowed": False,
        "reason_code": "OTHER",
        "reason": "The table has no primary key",
    }


def test_tables_of_documents_have_no_columns_to_choose(api, create, world):
    created = create("mongo", {"schema_prefix": "docs"})
    world.pass_setup(created["id"])
    world.advance(MINUTE)
    path = f"/connections/{created['id']}/schemas"

    table = tables(api, path, "app")["orders"]
    answer = api.patch(f"{path}/app/tables/orders/columns/data", {"enabled": False})

    assert table["supports_columns_config"] is False
    assert answer.status_code == 400
    assert answer.json["message"] == (
        "Table 'orders' of schema 'app' doesn't supports columns configuration"
    )


def test_history_mode_is_for_tables_that_support_it(api, shop, crm):
    kept = api.patch(f"{shop}/public/tables/orders", {"sync_mode": "HISTORY"})
    refused = api.patch(f"{crm}/salesforce/tables/Lead", {"enabled": True, "sync_mode": "HISTORY"})

    assert kept.status_code == 200
    assert tables(api, shop)["orders"]["sync_mode"] == "HISTORY"
    assert (refused.status_code, refused.json["code"]) == (400, "InvalidInput")


def test_the_handling_of_schema_changes_is_stored(api, shop):
    for handling in ("ALLOW_COLUMNS", "BLOCK_ALL", "ALLOW_ALL"):
        data = api.patch(shop, {"schema_change_handling": handling}).json["data"]

        assert data["schema_change_handling"] == handling
        assert data["enable_new_by_default"] is (handling == "ALLOW_ALL")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("", {"schema_change_handling": "ALLOW"}, id="handling"),
        pytest.param("", {"is_type_locked": "yes"}, id="lock"),
        pytest.param("", {"schemas": []}, id="schemas"),
        pytest.param("", {"schemas": {"public": True}}, id="schema"),
        pytest.param("/public", {"enabled": "false"}, id="flag"),
        pytest.param("/public", {"enabled": True, "tables": ["orders"]}, id="tables"),
        pytest.param("/public/tables/orders", {"sync_mode": "FAST"}, id="mode"),
        pytest.param("/public/tables/orders", {}, id="nothing"),
        pytest.param("/public/tables/orders/columns/total", {"hashed": 1}, id="hashed"),
    ],
)
def test_a_change_of_the_wrong_shape_is_refused(api, shop, path, body):
    answer = api.patch(f"{shop}{path}", body)

    assert (answer.status_code, answer.json["code"]) == (400, "InvalidInput")


def test_blocked_columns_are_dropped(api, shop, world):
    columns = f"{shop}/public/tables/customers/columns"
    body = {"schemas": {"public": {"tables": {"customers": {"columns": ["phone", "email"]}}}}}
    api.patch(f"{columns}/phone", {"enabled": False})

    early = api.post(f"{shop}/drop-columns", body)
    api.patch(f"{columns}/email", {"enabled": False})
    many = api.post(f"{shop}/drop-columns", body)
    single = api.send("DELETE", f"{columns}/phone")

    assert (early.status_code, early.json["code"]) == (409, "Conflict")
    assert many.json["message"] == "Column(s) successfully marked for deletion"
    assert single.json == {"code": "Success", "message": "Column successfully marked for deletion"}
    assert api.send("DELETE", f"{columns}/country").status_code == 409
    assert api.send("DELETE", f"{columns}/Phone").status_code == 404
    assert world.connections[id_of(shop)].selection.dropping == [
        ["public", "customers", "phone"],
        ["public", "customers", "email"],
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"schemas": {}},
        {"schemas": {"public": {}}},
        {"schemas": {"public": {"tables": {"orders": []}}}},
        {"schemas": {"public": {"tables": {"orders": {"columns": "total"}}}}},
    ],
)
def test_columns_to_drop_must_be_named(api, shop, body):
    answer = api.post(f"{shop}/drop-columns", body)

    assert answer.status_code == 400


def test_tables_are_resynced(api, shop):
    many = api.post(f"{shop}/tables/resync", {"public": ["orders", "customers"]})
    status = api.data(f"/connections/{id_of(shop)}")["status"]

    assert many.json == {
        "code": "Success",
        "message": "Re-sync has been triggered successfully",
    }
    assert (status["sync_state"], status["is_historical_sync"]) == ("syncing", False)


def test_one_table_is_resynced(api, crm):
    accepted = api.post(f"{crm}/salesforce/tables/Lead/resync")
    unknown = api.post(f"{crm}/salesforce/tables/lead/resync")

    assert (accepted.status_code, unknown.status_code) == (200, 404)


@pytest.mark.parametrize("body", [None, {}, {"public": []}, {"public": "orders"}])
def test_a_resync_of_tables_needs_their_names(api, shop, body):
    answer = api.post(f"{shop}/tables/resync", body)

    assert answer.status_code in (400, 415)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", ""),
        ("PATCH", ""),
        ("POST", "/reload"),
        ("GET", "/s/tables/t/columns"),
        ("PATCH", "/s/tables/t"),
        ("DELETE", "/s/tables/t/columns/c"),
    ],
)
def test_the_schemas_of_a_missing_connection_are_not_found(api, method, path):
    answer = api.send(method, f"/connections/nowhere/schemas{path}", json={})

    assert (answer.status_code, answer.json["code"]) == (404, "NotFound_Connection")


def test_the_assumptions_can_be_changed():
    rules = Assumptions(locked_change_status=409, enabled_required=True, schema_exists_status=400)
    world = Sandbox(clock=lambda: START, assumptions=rules)
    api = Api(create_app(world).test_client(), world)
    shop = api.data("/connections", schema="webshop")["items"][0]["id"]
    path = f"/connections/{shop}/schemas"

    locked = api.patch(f"{path}/public/tables/orders/columns/id", {"enabled": False})
    silent = api.patch(f"{path}/public/tables/orders", {"sync_mode": "HISTORY"})

    assert (locked.status_code, silent.status_code) == (409, 400)
    assert api.post(path, {"schemas": {}}).status_code == 400


@pytest.mark.parametrize("kind", sorted({service.type for service in services().values()}))
def test_every_service_has_a_valid_source(kind):
    for service in services().values():
        if service.type != kind or service.is_magic_folder:
            continue
        schemas = sources.schemas_of(service.id)

        assert len({schema.name for schema in schemas}) == len(schemas) >= 1
        for schema in schemas:
            names = [table.name for table in schema.tables]
            assert len(set(names)) == len(names) >= 1, service.id
            for table in schema.tables:
                columns = [column.name for column in table.columns]
                assert len(set(columns)) == len(columns) >= 2, (service.id, table.name)


def test_a_source_depends_on_its_service_alone(monkeypatch):
    before = sources.schemas_of("pipedrive")
    sources.schemas_of.cache_clear()

    again = sources.schemas_of("pipedrive")

    assert again == before
    assert again is not before
    assert again != sources.schemas_of("copper")


def test_the_schemas_of_every_service_are_shown(api, world):
    world.control.set_limits("off")
    for connection in world.add_connections(len(services())):
        path = f"/connections/{connection.id}/schemas"
        answer = api.get(path)

        magic = services()[connection.service].is_magic_folder
        assert answer.status_code == (404 if magic else 200), connection.service
        if not magic:
            (schema, inside), *_ = answer.json["data"]["schemas"].items()
            table = next(iter(inside["tables"]))
            columns = api.data(f"{path}/{schema}/tables/{table}/columns")["columns"]
            assert columns, connection.service
