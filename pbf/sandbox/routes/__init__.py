"""The imitated API's routes, split by subject."""

from flask import Flask

from pbf.sandbox.routes import (
    account,
    connections,
    destinations,
    groups,
    metadata,
    older,
    people,
    remainder,
    schemas,
    syncs,
    webhooks,
)

SUBJECTS = (
    account,
    groups,
    destinations,
    people,
    metadata,
    connections,
    schemas,
    syncs,
    webhooks,
    older,
    remainder,
)


def register(app: Flask) -> None:
    """Add every route of the imitated API to an app."""
    for subject in SUBJECTS:
        app.register_blueprint(subject.routes)
