"""The environment variables by which clients find a sandbox and its credentials."""

from pbf.sandbox.server import SandboxServer


def variables(server: SandboxServer) -> dict[str, str]:
    """Return the variables that known clients read; `docs/clients.md` names the clients."""
    return {
        **server.settings,
        # Fivetran's Terraform provider.
        "FIVETRAN_APIURL": f"{server.url}/v1",
        "FIVETRAN_APIKEY": server.world.api_key,
        "FIVETRAN_APISECRET": server.world.api_secret,
    }
