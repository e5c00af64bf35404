"""Notifications, built from the parts of the process."""

from contextlib import suppress
from typing import TYPE_CHECKING

from pbf.connectors.portal import Portal
from pbf.errors import PbfError
from pbf.watch.notifications.channels import ChannelService
from pbf.watch.notifications.delivery import Delivery
from pbf.watch.notifications.notifier import Notifier
from pbf.watch.notifications.sending import Sender

if TYPE_CHECKING:
    from pbf.runtime import Runtime


def build_notifier(runtime: "Runtime") -> Notifier:
    """Return what turns incidents into messages and sends them."""
    store, tenants = runtime.store, runtime.identity.tenants

    def is_member(group_id: str, person_id: str) -> bool:
        tenant, person = tenants.by_group(group_id), store.people.get(person_id)
        if tenant is None or person is None or person.disabled_at is not None:
            return False
        return any(row.tenant_id == tenant.id for row in store.people.memberships(person_id))

    def service_of(group_id: str, connector_id: str) -> str:
        with suppress(PbfError):  # while Fivetran does not answer
            if connector_id and (tenant := tenants.by_group(group_id)):
                return runtime.portals.of(tenant.id).connector(connector_id).service
        return ""

    base_url = runtime.settings.public_url
    delivery = Delivery(store, _sender(runtime), is_member, base_url=base_url)
    return Notifier(store, delivery, is_member, service_of)


def channels_of(runtime: "Runtime", portal: Portal, person_id: str) -> ChannelService:
    """Return the channels that a person, or a program without one, may manage in a tenant."""
    return ChannelService(
        portal, runtime.store, _sender(runtime), person_id, runtime.settings.public_url
    )


def _sender(runtime: "Runtime") -> Sender:
    settings = runtime.settings
    return Sender(
        mail_url=settings.mail_url,
        allowed=settings.notify,
        allow_private=settings.notify_private,
        product=settings.product_name,
    )
