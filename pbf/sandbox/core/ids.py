"""Ids made of two English words, like Fivetran's, from a seed and a counter."""

import hashlib
from collections.abc import Container

FIRST = """
able airy amber ample apt arctic autumn azure balmy basic blazing blithe bold brave brief bright
brisk broad bronze calm candid careful cedar certain chosen civil classic clear clever coastal
copper coral cosmic cozy crimson crisp curious daily dapper daring deft dewy distant dusky eager
early earnest easy elder emerald equal even exact fabled fair famous fancy fearless final firm
fleet floral fluent fond formal frank fresh frosty gentle gifted gilded glad global golden grand
grateful hardy hazel hearty hidden hollow honest humble icy ideal idle indigo inner ivory jaunty
jolly keen kind lasting lavish leafy level light likely limber linen lively local lofty loyal
lucid lucky lunar mellow merry mighty mild misty modest narrow native neat nimble noble novel
oaken olive open opal orderly pale patient pearly placid plain polar polite prime proper proud
quaint quick quiet rapid rare ready regal robust rosy rugged rustic sandy scarlet secret serene
sharp silent silver simple sincere sleek smooth snug solar solid sonic steady stellar still stout
sturdy sunny supple sure swift tactful tender thrifty tidy timber topaz tranquil trim true trusty
upbeat upper urban valid vast velvet vivid warm willing winter wise witty wooden woven young
"""

SECOND = """
acorn alcove anchor apricot arbour archway aspen atlas aurora badger bamboo banner barley basin
bay beacon birch bison blossom bluff bonfire boulder branch breeze bridge brook burrow cabin
canoe canyon cape captain cascade castle cavern chapel cherry cliff clover cobble comet compass
copse cottage cove crane creek crest crystal cypress dawn delta dolphin dune eagle echo elm ember
falcon fern ferry field finch fjord flint forest forge fountain fox galaxy garden garnet gate
glacier glade glen gorge granite grotto grove gull harbour harvest hawk hazelnut heath hedge
heron hill hollow horizon iris island jasmine juniper kestrel kettle knoll lagoon lake lantern
larch laurel ledge lily linden lodge lotus lynx magnet maple marble marsh meadow mill mirror moor
moss mountain nectar nest oasis ocean orchard orchid osprey otter oven owl pagoda palm parcel
path peak pebble pelican pepper petal pier pine plateau plaza plum pond poplar prairie quarry
quartz quill raven reef ridge ripple river robin rook saddle saffron sail sequoia shadow shell
shore sparrow spring spruce squirrel stone stream summit sunset swallow tempest terrace thicket
thistle thunder tide timber torch tower trail trellis tulip tundra valley violet vista voyage
walnut waterfall wave willow window wren yarrow zephyr
"""

FIRST_WORDS = FIRST.split()
SECOND_WORDS = SECOND.split()


class IdMaker:
    """Makes ids; the same seed gives the same ids."""

    def __init__(self, seed: int) -> None:
        """Start from a seed."""
        self._seed = seed
        self._count = 0

    def number(self, purpose: str, limit: int) -> int:
        """Return a number below the limit that depends on the seed and the purpose alone."""
        digest = hashlib.sha256(f"{self._seed}:{purpose}".encode()).digest()
        return int.from_bytes(digest[:8]) % limit

    def snapshot(self) -> dict[str, int]:
        """Return the seed and how many ids were made."""
        return {"seed": self._seed, "count": self._count}

    def make(self, taken: Container[str]) -> str:
        """Return an id that is not taken: two words, or three if no pair is free."""
        for attempt in range(1000):
            self._count += 1
            number = self.number(f"id:{self._count}", 1 << 60)
            first = FIRST_WORDS[number % len(FIRST_WORDS)]
            number //= len(FIRST_WORDS)
            second = SECOND_WORDS[number % len(SECOND_WORDS)]
            third = FIRST_WORDS[number // len(SECOND_WORDS) % len(FIRST_WORDS)]
            name = f"{first}_{second}" if attempt < 4 else f"{first}_{third}_{second}"
            if name not in taken:
                return name
        raise RuntimeError("no id left")
