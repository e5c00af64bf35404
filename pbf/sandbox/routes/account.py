"""The account."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.sandbox.core.http import answer, world

routes = Blueprint("account", __name__, url_prefix="/v1")


@routes.get("/account/info")
def get_account() -> ResponseReturnValue:
    """Return the account that the key belongs to."""
    account = world()
    data = {
        "account_id": account.account_id,
        "account_name": account.account_name,
        "user_id": account.owner_id,
    }
    return answer(data, message="Account information retrieved successfully")
