"""A small run of `make cluster`: two real dashboards on PostgreSQL and Redis behind nginx."""

import shutil

import pytest

from bench.figures import Figure
from bench.postgres import find_initdb
from bench.servers import free_port
from chaos.cluster import __main__ as cluster
from chaos.cluster.cluster import SMALL
from chaos.cluster.front import IP_HASH, STICKY, Nginx, Variant
from tests.support.requirements import require_package


@pytest.fixture(scope="module")
def _programs() -> None:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    require_package(nginx, "nginx", "nginx")
    require_package(find_initdb(), "PostgreSQL", "postgresql")
    require_package(shutil.which("redis-server"), "Redis", "redis-server")


# It takes 30 seconds on a machine that does nothing else.
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("_programs")
def test_no_call_fails_and_nothing_is_lost_while_parts_of_a_cluster_fail():
    figures = list(cluster.run(SMALL, cluster.IN_SMALL))

    # How long something takes depends on what else this machine does.
    counted = [figure for figure in figures if not figure.unit]
    assert len({figure.area for figure in figures}) == len(cluster.IN_SMALL)
    assert [figure for figure in counted if figure.verdict == "falls short"] == []


def test_a_case_that_cannot_be_carried_out_does_not_stop_the_others(monkeypatch, capsys):
    class Broken:
        def start_nodes(self) -> None:
            raise RuntimeError("dashboard-1 is not ready")

        def unexpected_errors(self) -> list[str]:
            return ["unexpected KeyError"]

    figures = list(cluster.figures_of(Broken(), "kill"))

    assert figures == [Figure("kill", "ended by RuntimeError", 1, "", at_most=0)]
    assert "dashboard-1 is not ready\nunexpected KeyError" in capsys.readouterr().err


@pytest.mark.usefixtures("_programs")
@pytest.mark.parametrize(
    "variant",
    [
        pytest.param(Variant(spread=STICKY), id="sticky"),
        pytest.param(Variant(spread=IP_HASH), id="ip-hash"),
        pytest.param(Variant(prefix="/data"), id="prefix-kept"),
        pytest.param(Variant(prefix="/data", strip=True), id="prefix-stripped"),
        pytest.param(Variant(tls=True), id="tls"),
    ],
)
def test_nginx_accepts_each_variant_of_its_configuration(tmp_path, variant):
    nginx = Nginx(tmp_path, free_port(), [1, 2], [3])
    try:
        url = nginx.start(variant)
    finally:
        nginx.stop()

    text = (tmp_path / "nginx.conf").read_text()
    assert url.startswith("https" if variant.tls else "http")
    assert "server 127.0.0.1:1 " in text
    assert f"location {variant.prefix}/_/ {{ proxy_pass http://api" in text
