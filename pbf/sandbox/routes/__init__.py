"""The imitated API's routes, split by subject."""

from flask import Flask

from pbf.sandbox.routes import (
    connections,
    destinations,
    groups,
    legacy,
    metadata,
    schemas,
    syncs,
    unsupported,
    users,
    webhooks,
)

SUBJECTS = (
    groups,
    destinations,
    users,
    metadata,
    connections,
    schemas,
    syncs,
    webhooks,
    legacy,
    unsupported,
)


def register(app: Flask) -> None:
    """Add every route of the imitated API to an app."""
    for subject in SUBJECTS:
        app.register_blueprint(subject.routes)
