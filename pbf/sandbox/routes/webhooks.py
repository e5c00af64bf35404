"""Webhooks: list, create for the account or a group, read, update, delete, test."""

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from pbf.sandbox.core import views
from pbf.sandbox.core.http import answer, body, requested_page, world
from pbf.sandbox.core.validation import required
from pbf.sandbox.webhooks.subscriptions import Webhooks

routes = Blueprint("webhooks", __name__, url_prefix="/v1/webhooks")


def webhooks() -> Webhooks:
    """Return the webhooks of the world that this app serves."""
    served: Webhooks = current_app.extensions["webhooks"]
    return served


@routes.get("")
def list_webhooks() -> ResponseReturnValue:
    """Return the account's webhooks."""
    with world().lock:
        page = requested_page(webhooks().hooks.values(), views.webhook)
    return answer(page, message="Webhooks retrieved successfully")


@routes.post("/account")
def create_account_webhook() -> ResponseReturnValue:
    """Create a webhook for the events of the account."""
    hook = webhooks().create(body())
    return answer(views.webhook(hook), message="Account webhook has been created")


@routes.post("/group/<group_id>")
def create_group_webhook(group_id: str) -> ResponseReturnValue:
    """Create a webhook for the events of a group."""
    group = world().group(group_id)
    hook = webhooks().create(body(), group_id=group.id)
    return answer(views.webhook(hook), message="Group webhook has been created")


@routes.get("/<webhook_id>")
def get_webhook(webhook_id: str) -> ResponseReturnValue:
    """Return one webhook."""
    hook = webhooks().get(webhook_id)
    return answer(views.webhook(hook), message="Webhook details retrieved successfully")


@routes.patch("/<webhook_id>")
def update_webhook(webhook_id: str) -> ResponseReturnValue:
    """Update a webhook."""
    hook = webhooks().get(webhook_id)
    webhooks().update(hook, body())
    return answer(views.webhook(hook), message="Webhook has been updated")


@routes.delete("/<webhook_id>")
def delete_webhook(webhook_id: str) -> ResponseReturnValue:
    """Delete a webhook."""
    webhooks().delete(webhook_id)
    return answer(message=f"Webhook with id '{webhook_id}' has been deleted")


@routes.post("/<webhook_id>/test")
def test_webhook(webhook_id: str) -> ResponseReturnValue:
    """Send an event of a connection that does not exist to a webhook."""
    hook = webhooks().get(webhook_id)
    result = webhooks().test(hook, required(body(), "event"))
    data = {"succeed": result.succeeded, "status": result.status, "message": result.message}
    return answer(data, message="Webhook test completed successfully")
