"""The image of deploy/ without a container engine: real processes run as its containers would.

Commands, environment, user and order are read from the Dockerfile and the Compose file. Each
process has a mount namespace of its own, with the installed wheel as a tree that it cannot write.

What this does not show: that the packages can be downloaded and the base image has what they need
(those of the tests are used), the network (all share the loopback interface, so that addresses and
ports are replaced), and the limit of open files.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from ruamel.yaml import YAML

from tests.support.requirements import skip_without
from tests.support.servers import PATIENCE, ROOT, free_port, wait_until_listening

DEPLOY = ROOT / "deploy"
SCRIPT = Path(__file__).with_name("container.sh")
ISOLATED = ("unshare", "--mount", "--propagation", "private")
# That of the base image.
PATH = "/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENTRY = re.compile(r"^(\w+)\s+(.+)$", re.S)


@dataclass(frozen=True)
class Image:
    """What the last stage of a Dockerfile says."""

    environment: dict[str, str]
    user: str
    workdir: str
    entrypoint: list[str]
    command: list[str]
    healthcheck: list[str]


@dataclass(frozen=True)
class Service:
    """What the Compose file says about a service of the image."""

    command: list[str]
    environment: dict[str, str]
    healthcheck: list[str]
    needs: dict[str, str]
    stop_grace: float
    replicas: int


def read_image(path: Path = DEPLOY / "Dockerfile") -> Image:
    """Return what a Dockerfile says about the containers of its image."""
    text = re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.M)
    lines = text.replace("\\\n", " ").rpartition("\nFROM ")[2].splitlines()[1:]
    said = dict(match.groups() for line in lines if (match := ENTRY.match(line.strip())))
    environment = dict(word.split("=", 1) for word in shlex.split(said["ENV"]))
    return Image(
        environment={name: text.replace("$PATH", PATH) for name, text in environment.items()},
        user=said["USER"],
        workdir=said["WORKDIR"],
        entrypoint=json.loads(said["ENTRYPOINT"]),
        command=json.loads(said["CMD"]),
        healthcheck=json.loads(said["HEALTHCHECK"].partition("CMD ")[2]),
    )


def read_services(image: Image, path: Path = DEPLOY / "compose.yaml") -> dict[str, Service]:
    """Return the services of the Compose file that run the image."""
    services: dict[str, dict[str, Any]] = YAML(typ="safe").load(path)["services"]
    return {
        name: Service(
            command=[*image.entrypoint, *(service.get("command") or image.command)],
            environment={**image.environment, **service.get("environment", {})},
            healthcheck=service.get("healthcheck", {}).get("test", ["", *image.healthcheck])[1:],
            needs={
                other: need["condition"] for other, need in service.get("depends_on", {}).items()
            },
            stop_grace=float(service["stop_grace_period"].removesuffix("s")),
            replicas=service.get("deploy", {}).get("replicas", 1),
        )
        for name, service in services.items()
        if service["image"] == "pbf" and service["read_only"] and service["tmpfs"] == ["/tmp"]
    }


@dataclass
class Container:
    """A running process, the port on which it listens, and the file with its output."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path
    service: Service

    def wait_until_ready(self) -> dict[str, Any]:
        """Wait until the readiness probe answers 200, and return its answer."""
        end = time.monotonic() + PATIENCE
        while (response := requests.get(f"{self.url}/_/readyz", timeout=20)).status_code != 200:
            assert time.monotonic() < end, response.text
            time.sleep(0.1)
        return dict(response.json())

    def stop(self) -> int:
        """Stop it as Compose does, within the time that its service allows; return its status."""
        self.process.terminate()
        return self.process.wait(self.service.stop_grace)


@dataclass
class Engine:
    """Starts processes with the image's tree, which `build` makes from the wheel."""

    folder: Path
    image: Image = field(default_factory=read_image)

    def build(self) -> None:
        """Build the wheel and install it into an empty virtual environment, as the image does."""
        for name in ("tree", "dist", "secrets"):
            (self.folder / name).mkdir(mode=0o755)
        wheel = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d"]
        subprocess.run(
            [*wheel, self.folder / "dist"], cwd=ROOT, check=True, capture_output=True, timeout=60
        )
        self._run_as_root("/opt/python/bin/python3", "-m", "venv", "--without-pip", "/opt/pbf")
        site = next((self.folder / "tree").glob("lib/python*/site-packages"))
        (site / "packages.pth").write_text("/opt/site-packages\n")
        (name,) = os.listdir(self.folder / "dist")
        install = ("pip", "install", "--quiet", "--no-deps", "--no-index", f"/opt/dist/{name}")
        self._run_as_root("/opt/pbf/bin/python", "-m", *install)

    def write_secrets(self, secrets: Mapping[str, str]) -> None:
        """Write the secrets, readable by the user of the image alone."""
        user, group = map(int, self.image.user.split(":"))
        for name, text in secrets.items():
            path = self.folder / "secrets" / name
            path.write_text(text)
            path.chmod(0o400)
            os.chown(path, user, group)

    def run(self, service: Service, *command: str, **settings: str) -> int:
        """Run a service's command, or another one, to its end and return its exit status."""
        process = self._start(service, list(command) or service.command, settings, None)
        return process.wait(PATIENCE)

    @contextmanager
    def container(self, service: Service, **settings: str) -> Iterator[Container]:
        """Run a service until the block ends; the block begins when its health check succeeds."""
        port = free_port()
        command = service.command.copy()
        command[command.index("--host") + 1] = "127.0.0.1"
        at = command.index("--port") + 1
        declared, command[at] = command[at], str(port)
        settings = {**settings, "PORT": str(port)}
        check = [part.replace(f":{declared}/", f":{port}/") for part in service.healthcheck]
        log = self.folder / f"{port}.log"
        with log.open("w") as output:
            process = self._start(service, command, settings, output)
            try:
                wait_until_listening(port, process, log)
                self._wait_until_healthy(service, check, settings)
                yield Container(process, f"http://127.0.0.1:{port}", log, service)
            finally:
                process.kill()
                process.wait(20)

    def _wait_until_healthy(
        self, service: Service, check: list[str], settings: Mapping[str, str]
    ) -> None:
        end = time.monotonic() + PATIENCE
        while self.run(service, *check, **settings):
            assert time.monotonic() < end, "the health check fails"

    def _start(
        self, service: Service, command: list[str], settings: Mapping[str, str], output: Any
    ) -> subprocess.Popen[bytes]:
        environment = {**service.environment, **settings}
        return subprocess.Popen(
            self._isolated("ro", *command),
            env={**environment, "USER": self.image.user, "LD_LIBRARY_PATH": "/opt/python/lib"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def _run_as_root(self, *command: str) -> None:
        environment = {"PATH": PATH, "LD_LIBRARY_PATH": "/opt/python/lib"}
        subprocess.run(
            self._isolated("rw", *command), env=environment, check=True, timeout=PATIENCE
        )

    def _isolated(self, mode: str, *command: str) -> list[str]:
        packages = sysconfig.get_path("purelib")
        script = [str(SCRIPT), str(self.folder), sys.base_prefix, packages, mode]
        return [*ISOLATED, *script, self.image.workdir, *command]


@contextmanager
def built_image() -> Iterator[Engine]:
    """Yield an engine with the built tree; skip the test, or fail it in CI, without namespaces."""
    if subprocess.run([*ISOLATED, "true"], check=False, capture_output=True).returncode:
        skip_without("a mount namespace", "run it as root.")
    folder = Path(tempfile.mkdtemp(prefix="pbf-image-"))
    try:
        engine = Engine(folder)
        engine.build()
        yield engine
    finally:
        shutil.rmtree(folder)
