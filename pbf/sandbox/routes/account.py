"""The account."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.sandbox.core.http import answer, world

routes = Blueprint("account", __name__, url_prefix="/v1")


@routes.get("/account/info")
def get_account() -> ResponseReturnValue:
    """Return the account that the key belongs to."""
    here = world()
    data = {
        "account_id": here.account_id,
        "account_name": here.account_name,
        "user_id": here.owner_id,
    }
    return answer(data, message="Account information retrieved successfully")
