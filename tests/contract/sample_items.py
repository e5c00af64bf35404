"""The items of the sample world that are plain state: one of every collection, or two."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from pbf.sandbox.sandbox import Sandbox

DATABASE = "hollow_reef"
HASH = "c2FtcGxl/aGFzaA=="
AGENT = {"display_name": "agent", "env_type": "DOCKER", "accept_terms": True}
PROXY = {"group_region": "GCP_US_EAST4"}
LOG = {"service": "splunkLog", "config": {"host": "logs.example.com", "token": "secret"}}
LINK = {
    "name": "link",
    "region": "AWS_US_EAST_1",
    "service": "SOURCE_AWS",
    "config": {"connection_service_name": "com.amazonaws.vpce"},
}
MANAGER = {"type": "HASHICORP_VAULT", "config": {"host": "vault.example.com", "token": "secret"}}
PROJECT = {
    "dbt_version": "1.9.0",
    "default_schema": "models",
    "git_remote_url": "git@example.com:models.git",
}
STEPS = [{"name": "run", "command": "dbt run"}]
QUICKSTART = {"package_name": "fivetran/jira", "connection_ids": [DATABASE]}

Send = Callable[..., Any]


def package() -> bytes:
    """Return a ZIP file as the Connector SDK makes it."""
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("connector.py", "connector = None")
    return file.getvalue()


def upload() -> dict[str, Any]:
    """Return the options of a request that uploads such a file."""
    return {"data": {"file": (BytesIO(package()), "code.zip")}}


def add_items(world: Sandbox, send: Send) -> None:
    """Add one of every item; of what must not be used to be deleted, a used and an unused one."""
    group = world.group_id
    for path in (f"/v1/connections/{DATABASE}", f"/v1/destinations/{group}"):
        created(send, f"{path}/certificates", hash=HASH, encoded_cert="MIID9DCC")
        created(send, f"{path}/fingerprints", hash=HASH, public_key="ssh-rsa AAAA")
    created(send, "/v1/external-logging", **LOG, group_id=group)
    created(send, "/v1/external-logging/account", **LOG)
    created(send, "/v1/hybrid-deployment-agents", **AGENT, group_id=group)
    created(send, "/v1/private-links", **LINK)
    add_transformations(send, group)
    proxies, managers = [], []
    for name in ("used", "unused"):
        proxies.append(created(send, "/v1/proxy", **PROXY, display_name=name)["agent_id"])
        managers.append(created(send, "/v1/external-secrets-managers", **MANAGER, name=name)["id"])
    settings = {"proxy_agent_id": proxies[0], "external_secrets_manager_id": managers[0]}
    send("PATCH", f"/v1/connections/{DATABASE}", json=settings)
    send("POST", "/v1/connector-sdk/packages", **upload())


def add_transformations(send: Send, group: str) -> None:
    """Add a project, a transformation that runs, and one that has not run."""
    project = created(
        send, "/v1/transformation-projects", group_id=group, type="DBT_CORE", project_config=PROJECT
    )
    path, schedule = "/v1/transformations", {"schedule_type": "INTERVAL", "interval": 60}
    dbt = {"project_id": project["id"], "name": "models", "steps": STEPS}
    quickstart = created(
        send, path, type="QUICKSTART", transformation_config=QUICKSTART, schedule=schedule
    )
    created(send, path, type="DBT_CORE", transformation_config=dbt, schedule=schedule)
    send("POST", f"{path}/{quickstart['id']}/run", json={})


def created(send: Send, path: str, **body: Any) -> dict[str, Any]:
    """Create an item and return the data of the response."""
    answer = send("POST", path, json=body)
    assert answer.status_code == 201, answer.json
    data: dict[str, Any] = answer.json["data"]
    return data
