"""Resources that are plain state, one module per collection: what it stores, and its routes."""

from flask import Flask

from pbf.sandbox.collections import (
    hubs,
    hybrid_agents,
    log_services,
    packages,
    private_links,
    proxy_agents,
    secrets_managers,
    transformation_projects,
    transformations,
)

BLUEPRINTS = (
    hubs.routes,
    hybrid_agents.routes,
    log_services.account_routes,
    log_services.routes,
    packages.routes,
    private_links.routes,
    proxy_agents.routes,
    secrets_managers.entity_routes,
    secrets_managers.routes,
    transformation_projects.routes,
    transformations.routes,
)


def register(app: Flask) -> None:
    """Add the routes of every collection to an app."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
