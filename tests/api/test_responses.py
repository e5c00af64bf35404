"""Bodies of whole lists: cached for each tenant, within bounds."""

from pbf.api.responses import BodyCache
from pbf.api.schemas import Connector as Shape
from pbf.cache.entries import CachedList
from pbf.fivetran.models import Connector


def entry(name: str, revision: str = "1") -> CachedList[Connector]:
    return CachedList((Connector(id=name, service="stripe", schema=name),), revision, 0.0)


def test_tenants_take_no_bodies_from_each_other():
    bodies = BodyCache()

    first = bodies.get("acme", entry("a"), Shape, "")
    second = bodies.get("globex", entry("b"), Shape, "")

    assert b'"a"' in first.plain
    assert b'"b"' in second.plain
    assert bodies.get("acme", entry("a"), Shape, "") is first
    assert bodies.get("globex", entry("b"), Shape, "") is second


def test_a_newer_list_replaces_the_body_before():
    bodies = BodyCache(max_bodies=1)
    old = bodies.get("acme", entry("a"), Shape, "")

    assert b'"b"' in bodies.get("acme", entry("b", "2"), Shape, "").plain
    assert bodies._size == len(old.plain)


def test_bodies_take_no_more_memory_than_allowed():
    size = len(BodyCache().get("acme", entry("a"), Shape, "").plain)
    bodies = BodyCache(max_bytes=3 * size)

    for tenant in "abcdefgh":
        bodies.get(tenant, entry("x"), Shape, "")

    assert [key[0] for key in bodies._bodies] == ["f", "g", "h"]
    assert bodies._size == 3 * size
