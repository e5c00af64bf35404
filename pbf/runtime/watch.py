"""What watches over all tenants, built of the parts of the process."""

from typing import TYPE_CHECKING

from pbf.watch.watch import Watch

if TYPE_CHECKING:
    from pbf.runtime import Runtime


def watch_of(runtime: "Runtime") -> Watch:
    """Return what watches over the tenants of a runtime."""

    def tenant_of(group_id: str) -> str | None:
        entry = runtime.identity.tenants.by_group(group_id)
        return entry.id if entry else None

    return Watch(
        runtime.store,
        runtime.portals,
        tenant_of=tenant_of,
        timeline_of=runtime.timelines.of,
        notifier=runtime.notifier,
        rate_limit=lambda: runtime.client.latest.rate_limit,
    )
