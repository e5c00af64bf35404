"""The first cards of the gallery."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from markupsafe import Markup

from pbf.cache.derived import DerivedCache
from pbf.components import gallery as component
from pbf.connectors.portal import Portal
from pbf.fivetran.models import Connector, Service
from pbf.ui import html
from pbf.ui.first_screen.parts import filled
from pbf.ui.view_models import Card, card

HTML = Path(component.__file__).with_name("gallery.html")
# As many as a window of 1920 x 1080 pixels shows.
FIRST_CARDS = 24
# Of how many tenants they are kept, 20 kB each.
TENANTS = 200

_galleries: DerivedCache[Markup] = DerivedCache(FIRST_CARDS * TENANTS)


def draw(portal: Portal) -> Markup | None:
    """Return the gallery with its first cards; None if the services are not in memory.

    What people have connected may be from long ago: it only decides which cards are the first.
    """
    services, own = portal.last_services(), portal.last_connectors()
    if not portal.services_available or not services or not services.items or not own:
        return None
    return _galleries.get(
        (portal.tenant.id, services.revision),
        own.revision,
        lambda: _gallery(services.items, own.items),
        items=FIRST_CARDS,
    )


def _gallery(services: Iterable[Service], own: Iterable[Connector]) -> Markup:
    connected = Counter(connector.service for connector in own)
    cards = [card(service, connected[service.id]) for service in services]
    categories = Counter(shown["category"] for shown in cards)
    chips = sorted(categories.items(), key=lambda chip: (-chip[1], chip[0].casefold()))
    first = sorted(cards, key=_place)[:FIRST_CARDS]
    return filled(
        HTML,
        chips=html.render("first_screen", "chips", choices=[("All", len(cards)), *chips]),
        count=Markup("{0} of {0} services").format(len(cards)),
        list=html.render("first_screen", "cards", cards=first),
    )


def _place(shown: Card) -> tuple[bool, int, tuple[str, str]]:
    """Return what orders cards as `order.js` does for somebody without recent services."""
    more: Mapping[str, int] = next(iter(component.extras(shown)), {})
    popular = more.get("popular", len(component.PLACES))
    return not shown["yours"], popular, component.alphabetical(shown)
