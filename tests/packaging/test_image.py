"""What runs in the containers of deploy/, run as real processes (tests/support/image.py)."""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from secrets import token_urlsafe
from types import SimpleNamespace

import pytest
import requests

from tests.support.image import DEPLOY, Container, Engine, built_image, read_services
from tests.support.postgres_server import PostgresServer
from tests.support.redis_server import redis_server
from tests.support.requirements import require_package
from tests.support.servers import free_port, front_server
from tests.support.sockets import run, socket

# What Streamlit sends to draw the gallery, with the services in compressed form.
GALLERY = 'component_name: "pbf_gallery"'


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with built_image() as engine:
        yield engine


def status_of(container: Container) -> dict[str, str]:
    """What the kernel says about a process."""
    text = Path(f"/proc/{container.process.pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines())


def test_the_demo_shows_the_gallery_as_a_user_without_rights(engine):
    demo = read_services(engine.image)["demo"]

    with engine.container(demo) as container:
        status = status_of(container)
        ready = container.wait_until_ready()
        with socket(container) as opened:
            gallery = run(opened, "services")
        ended = container.stop()

    assert set(status["Uid"].split()) == {"10001"}
    assert int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert ready["status"] == "ready"
    assert GALLERY in gallery
    assert ended == 0, container.log.read_text()


@pytest.mark.parametrize(
    ("folder", "is_writable"),
    [
        ("/tmp", True),
        ("/opt/pbf", False),
        ("/opt", False),
        ("/run/secrets", False),
        ("/var/tmp", False),
    ],
)
def test_only_the_temporary_folder_can_be_written(engine, folder, is_writable):
    demo = read_services(engine.image)["demo"]

    status = engine.run(demo, "touch", f"{folder}/file")

    assert (status == 0) == is_writable


@contextmanager
def nginx(folder: Path, servers: dict[str, list[Container]], port: int) -> Iterator[None]:
    """Run nginx with the file of deploy/ in front of the servers of a Compose project."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    program = require_package(program, "nginx", "nginx")
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    text = text.replace("listen 8080", f"listen 127.0.0.1:{port}")
    for name, containers in servers.items():
        # The name resolves to all containers of a service.
        hosts = [container.url.removeprefix("http://") for container in containers]
        written = re.search(rf"server {name}:\d+([^;]*);", text)
        text = text.replace(written[0], "".join(f"server {host}{written[1]};" for host in hosts))
    (folder / "nginx.conf").write_text(f"daemon off; pid {folder}/nginx.pid;\n{text}")
    command = [program, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    with front_server(command, folder, port):
        yield


@pytest.fixture
def settings(engine, postgres: PostgresServer, tmp_path) -> Iterator[dict[str, str]]:
    """The settings of an account, which the container `sandbox` imitates; its secrets are files."""
    sandbox = read_services(engine.image)["sandbox"]
    with engine.container(sandbox) as container, redis_server(tmp_path) as redis:
        account = dict(re.findall(r"^(FIVETRAN_\w+)=(.+)$", container.log.read_text(), re.M))
        secrets = {
            "api_key": account.pop("FIVETRAN_API_KEY"),
            "api_secret": account.pop("FIVETRAN_API_SECRET"),
            "signing_key": token_urlsafe(48),
            "database_url": postgres.empty(),
        }
        engine.write_secrets(secrets)
        yield {**account, "PBF_REDIS_URL": redis}
        assert container.stop() == 0


@contextmanager
def composed(engine: Engine, settings: dict[str, str]) -> Iterator[dict[str, list[Container]]]:
    """Start the services of the image in the order of the Compose file, and yield the servers."""
    services = read_services(engine.image)
    needs = {name: service.needs for name, service in services.items() if service.needs}
    servers: dict[str, list[Container]] = {}
    with ExitStack() as stack:
        for name in TopologicalSorter(needs).static_order():
            service = services.get(name)  # PostgreSQL and Redis run already
            if name == "migrate":
                assert services["app"].needs[name] == "service_completed_successfully"
                assert engine.run(service, **settings) == 0
            elif service:
                servers[name] = [
                    stack.enter_context(engine.container(service, **settings))
                    for _ in range(service.replicas)
                ]
        yield servers


@pytest.mark.exhaustive
@pytest.mark.timeout(300)
def test_compose_starts_everything_in_its_order(engine, settings, tmp_path):
    port = free_port()
    site = SimpleNamespace(url=f"http://127.0.0.1:{port}")

    with composed(engine, {**settings, "PBF_PUBLIC_URL": site.url}) as servers:
        containers = [*servers["app"], *servers["proxy"]]
        ready = [container.wait_until_ready()["status"] for container in containers]
        with nginx(tmp_path, servers, port):
            with socket(site) as opened:
                gallery = run(opened, "services")
            listed = requests.get(f"{site.url}/_/services", timeout=20).json()
            hidden = requests.get(f"{site.url}/_/readyz", timeout=20).status_code
        ended = [container.stop() for container in containers]

    assert ready == ["ready"] * 5
    assert GALLERY in gallery
    assert len(listed) == 773
    assert hidden == 404
    assert ended == [0] * 5
