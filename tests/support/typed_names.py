"""Typed names in a store, without creating a connector at Fivetran."""

from pbf.fivetran.models import Connector
from pbf.store.store import Store
from pbf.store.tables import Creation


def type_name(store: Store, connector: Connector, name: str) -> None:
    """Store a typed name, as the end of a creation does."""
    creation = Creation(
        group_id="group",
        key="key",
        fingerprint="fingerprint",
        service="stripe",
        typed=name,
        schema_name=connector.schema_name,
        reserved=None,
    )
    store.creations.finish(creation, connector)
