"""The metrics on a port of their own, one target per process."""

from prometheus_client import REGISTRY, start_http_server
from prometheus_client.registry import Collector

from pbf.errors import ConfigurationError
from pbf.metrics.instruments import start_counting


def serve_metrics(host: str, port: int, *collectors: Collector) -> int:
    """Serve the metrics, those of the collectors included, until the process ends; return the port.

    Port 0 chooses a free one. Raises ConfigurationError if the server cannot listen.
    """
    try:
        server, _thread = start_http_server(port, host)
    except OSError as exc:
        raise ConfigurationError(
            f"Metrics cannot be served on {host}:{port}. Set PBF_METRICS_PORT to a free port (each "
            "process needs its own), and PBF_METRICS_HOST to an address of this machine."
        ) from exc
    start_counting()
    for collector in collectors:
        REGISTRY.register(collector)
    return server.server_port
