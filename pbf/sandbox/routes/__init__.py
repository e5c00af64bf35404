"""The imitated API's routes, split by subject."""

from flask import Flask

from pbf.sandbox.routes import (
    certificates,
    connections,
    destinations,
    groups,
    legacy,
    metadata,
    schemas,
    syncs,
    users,
    webhooks,
)
from pbf.sandbox.routes.access import memberships, system_keys, teams

SUBJECTS = (
    groups,
    destinations,
    users,
    teams,
    memberships,
    system_keys,
    metadata,
    connections,
    schemas,
    syncs,
    certificates,
    webhooks,
    legacy,
)


def register(app: Flask) -> None:
    """Add every route of the imitated API to an app."""
    for subject in SUBJECTS:
        app.register_blueprint(subject.routes)
