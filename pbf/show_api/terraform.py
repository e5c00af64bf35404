"""Each operation in Terraform, as far as the provider fivetran/fivetran can express it.

Resources, data sources and actions are those of the provider's documentation:
https://registry.terraform.io/providers/fivetran/fivetran/latest/docs
"""

from pbf.show_api.hcl import Reference, block, quoted
from pbf.show_api.target import Target

RESOURCE, NAME = "fivetran_connection_v2", "this"
ADDRESS = Reference(f"{RESOURCE}.{NAME}")
PROVIDER = """\
# Key and secret are read from FIVETRAN_APIKEY and FIVETRAN_APISECRET.
terraform {
  required_providers {
    fivetran = {
      source  = "fivetran/fivetran"
      version = "~> 1.9"
    }
  }
}"""


def services(_target: Target) -> str:
    """Return the data source of all services."""
    return _with_provider(block("data", {}, "fivetran_connectors_metadata", NAME))


def service(target: Target) -> str:
    """Return one service of that data source."""
    chosen = Reference(
        f"one([for source in data.fivetran_connectors_metadata.{NAME}.sources : source "
        f"if source.id == {quoted(target.service_id)}])"
    )
    return _with_provider(
        "# There is no data source of one service; this one has all of them.\n"
        + block("data", {}, "fivetran_connectors_metadata", NAME),
        block("output", {"value": chosen}, "service"),
    )


def connectors(target: Target) -> str:
    """Return the data source of a group's connections."""
    return _with_provider(
        block("data", {"id": target.group_id}, "fivetran_group_connections", NAME)
    )


def connector(target: Target) -> str:
    """Return the data source of one connection."""
    return _with_provider(block("data", {"id": target.connector_id}, "fivetran_connection", NAME))


def creation(target: Target) -> str:
    """Return the resource of a new connection."""
    resource = {
        "service": target.service_id,
        "group_id": target.group_id,
        "destination_schema_names": "FIVETRAN_NAMING",
        "run_setup_tests": False,
        "config": dict(target.naming),
    }
    return _with_provider(
        "# It is created paused; fivetran_connection_v2_pause_state lets it sync.\n"
        + block("resource", resource, RESOURCE, NAME),
    )


def pause(target: Target) -> str:
    """Return the resource of the pause of a connection."""
    state = {"connection_id": target.connector_id, "paused": target.paused}
    return _with_provider(block("resource", state, f"{RESOURCE}_pause_state", NAME))


def schedule(target: Target) -> str:
    """Return the resource of an existing connection with its schedule."""
    resource = {
        "service": target.service_id,
        "group_id": target.group_id,
        "destination_schema_names": "FIVETRAN_NAMING",
        "config": dict(target.naming),
        "schedule_type": "auto",
        "sync_frequency": target.sync_frequency,
    }
    return _with_provider(_import(target), block("resource", resource, RESOURCE, NAME))


def deletion(_target: Target) -> str:
    """Return the block that removes a connection from the configuration and at Fivetran."""
    return _with_provider(
        "# Replaces the resource's block; the connection must be in the state.\n"
        f"removed {{\n  from = {ADDRESS}\n  lifecycle {{\n    destroy = true\n  }}\n}}",
    )


def reload(target: Target) -> str:
    """Return the action that reads the source's tables again."""
    connection, mode = quoted(target.connector_id), quoted("PRESERVE")
    return _with_provider(
        f"# Run it by: terraform apply -invoke=action.fivetran_connection_schema_reload.{NAME}\n"
        f'action "fivetran_connection_schema_reload" "{NAME}" {{\n  config {{\n'
        f"    connection_id = {connection}\n    exclude_mode  = {mode}\n  }}\n}}",
    )


def tables(target: Target) -> str:
    """Return the resource that switches tables of a schema."""
    resource = {
        "connection_id": target.connector_id,
        "schema_name": target.schema,
        "disabled_tables": [target.table],
    }
    return _with_provider(
        "# The list is complete: every other table of the schema is switched on.\n"
        + block("resource", resource, "fivetran_connection_schema_tables_config", NAME),
    )


def sync(_target: Target) -> str:
    """Say that syncs are no matter of Terraform."""
    return _none("a sync: it describes how a connection is set up, not its runs")


def resync(_target: Target) -> str:
    """Say that syncs of all history are no matter of Terraform."""
    return _none("a sync of all history: it describes how a connection is set up, not its runs")


def setup_tests(_target: Target) -> str:
    """Say where Terraform runs setup tests."""
    return _none(
        "setup tests alone. With run_setup_tests = true, the resource\n"
        "# fivetran_connection_v2 runs them when it creates or changes a connection"
    )


def connect_card(_target: Target) -> str:
    """Say where Terraform configures a Connect Card."""
    return _none(
        "the Connect Card of an existing connection. The resource\n"
        "# fivetran_connection_v2 takes connect_card_config when it creates one"
    )


def schemas(_target: Target) -> str:
    """Say that the tables of a source are not read by Terraform."""
    return _none(
        "reading which tables are synced. The resource\n"
        "# fivetran_connection_schema_tables_config sets them"
    )


def history(_target: Target) -> str:
    """Say that past syncs are no matter of Terraform."""
    return _none("past syncs")


def errors(_target: Target) -> str:
    """Say that errors are no matter of Terraform."""
    return _none("errors of syncs")


def _import(target: Target) -> str:
    return block("import", {"to": ADDRESS, "id": target.connector_id})


def _none(what: str) -> str:
    return f"# Terraform has nothing for {what}.\n"


def _with_provider(*parts: str) -> str:
    return "\n\n".join((PROVIDER, *parts)) + "\n"
