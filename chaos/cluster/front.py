"""nginx by the configuration in deploy/, with the addresses of this machine."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.servers import ROOT, TIMEOUT

CONFIGURATION = ROOT / "deploy" / "nginx.conf"
# How visitors are spread over the dashboards.
ROUND_ROBIN, IP_HASH, STICKY = "", "ip_hash;", "hash $node consistent;"
COOKIE = """
  map $cookie_pbf_node $node { "" $request_id; default $cookie_pbf_node; }
  map $cookie_pbf_node $set_node { "" "pbf_node=$request_id; Path=/; HttpOnly"; default ""; }
  add_header Set-Cookie $set_node;
"""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """How nginx is configured: who gets a visitor, which path it serves, and whether by TLS."""

    spread: str = ROUND_ROBIN
    prefix: str = ""
    strip: bool = False
    tls: bool = False


class Nginx:
    """nginx in front of dashboards and of the routes alone."""

    def __init__(
        self, folder: Path, port: int, dashboards: Sequence[int], proxies: Sequence[int]
    ) -> None:
        """Serve what listens on the ports of this machine."""
        self.port = port
        self._folder = folder
        self._dashboards, self._proxies = dashboards, proxies
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, variant: Variant | None = None) -> str:
        """Start it, and return its address."""
        variant = variant or Variant()
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if program is None:
            raise SystemExit("The cluster needs nginx: install your system's nginx.")
        if variant.tls:
            self._make_certificate()
        configuration = self._folder / "nginx.conf"
        configuration.write_text(self._configuration(variant), encoding="utf-8")
        error_log = self._folder / "nginx-error.log"
        given = ("-e", error_log, "-g", "daemon off;", "-c", configuration)
        self._process = subprocess.Popen([program, "-p", self._folder, *given])
        self._wait()
        return f"http{'s' if variant.tls else ''}://localhost:{self.port}{variant.prefix}"

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def _configuration(self, variant: Variant) -> str:
        text = CONFIGURATION.read_text(encoding="utf-8")
        for name, ports in (("app:8501", self._dashboards), ("proxy:5001", self._proxies)):
            one = re.search(rf"server {name}(.*?;)", text)
            if one is None:
                raise RuntimeError(f"{CONFIGURATION} names no {name}")
            servers = " ".join(f"server 127.0.0.1:{port}{one[1]}" for port in ports)
            spread = variant.spread if name.startswith("app") else ""
            text = text.replace(one[0], f"{spread} {servers}")
        text = text.replace("/dev/stdout", str(self._folder / "nginx-access.log"))
        paths = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "\n".join(f"{name}_temp_path {self._folder}/{name};" for name in paths)
        cookie = COOKIE if variant.spread == STICKY else ""
        text = text.replace("http {", f"http {{\n{temporary}{cookie}", 1)
        return f"pid {self._folder}/nginx.pid;\n{self._listening(text, variant)}"

    def _listening(self, text: str, variant: Variant) -> str:
        """Return the configuration with our port, and with locations below the prefix."""
        tls = (
            f" ssl; ssl_certificate {self._folder}/front.pem; ssl_certificate_key "
            f"{self._folder}/front.key"
        )
        text = text.replace("listen 8080", f"listen 127.0.0.1:{self.port}{tls * variant.tls}")
        text = text.replace("location ~ ^/", f"location ~ ^{variant.prefix}/")
        for path, name in (("/_/", "api"), ("/", "dashboard")):
            below = path if variant.strip else ""
            text = text.replace(
                f"location {path} {{ proxy_pass http://{name}; }}",
                f"location {variant.prefix}{path} {{ proxy_pass http://{name}{below}; }}",
            )
        return text

    def _make_certificate(self) -> None:
        name = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        files = ("-keyout", self._folder / "front.key", "-out", self._folder / "front.pem")
        command = ("openssl", "req", "-x509", *key, *files, *name)
        subprocess.run(command, check=True, capture_output=True)

    def _wait(self) -> None:
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("nginx does not listen")
