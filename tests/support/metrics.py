"""The metrics that a process shows."""

from prometheus_client import REGISTRY

from pbf.runtime import Runtime
from pbf.runtime.metrics import RuntimeCollector


def metric_names(runtime: Runtime) -> set[str]:
    """Return the names of all metrics as queries use them, without the suffixes of histograms."""
    collector = RuntimeCollector(lambda: runtime)
    collector.read_store()
    families = [*REGISTRY.collect(), *collector.collect()]
    return {f"{one.name}_total" if one.type == "counter" else one.name for one in families}


def metric_value(name: str, runtime: Runtime) -> float:
    """Return the value of a metric without labels that is read from the runtime."""
    families = RuntimeCollector(lambda: runtime).collect()
    (value,) = (one.value for family in families for one in family.samples if one.name == name)
    return value
