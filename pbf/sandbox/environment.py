"""The environment variables by which clients find a sandbox and its credentials."""

from pbf.sandbox.server import SandboxServer


def variables(server: SandboxServer) -> dict[str, str]:
    """Return the variables that known clients read; `docs/sandbox.md` names the clients."""
    world = server.world
    return {
        "FIVETRAN_API_URL": server.url,
        "FIVETRAN_API_KEY": world.api_key,
        "FIVETRAN_API_SECRET": world.api_secret,
        "FIVETRAN_GROUP_ID": world.group_id,
        # Fivetran's Terraform provider.
        "FIVETRAN_APIURL": f"{server.url}/v1",
        "FIVETRAN_APIKEY": world.api_key,
        "FIVETRAN_APISECRET": world.api_secret,
    }
