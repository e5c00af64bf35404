"""What a visitor can read on a page that ran headless."""

from collections.abc import Iterator
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Node

from tests.support.parcels import opened


def texts(app: AppTest) -> list[str]:
    """Everything that is sent to the browser, element by element."""
    return [str(element.proto) for element in _elements(app._tree)]


def everything(app: AppTest) -> str:
    """Everything that is sent to the browser, in one text."""
    return "\n".join((*texts(app), *map(str, components(app).values())))


def html(app: AppTest) -> str:
    """The HTML on the page."""
    return "\n".join(element.proto.body for element in app.get("html"))


def labels(app: AppTest) -> list[str]:
    """The buttons on the page."""
    return [button.label for button in app.button]


def press(app: AppTest, label: str) -> AppTest:
    """Press the first button of that label."""
    return next(button for button in app.button if button.label == label).click().run()


def components(app: AppTest) -> dict[str, Any]:
    """The data of the page's components by their names."""
    return {
        element.proto.component_name: opened(element.proto) for element in app.get("bidi_component")
    }


def shown_services(app: AppTest) -> dict[str, dict[str, Any]]:
    """The cards of the gallery, as the browser reads them, by id."""
    gallery = components(app)["pbf_gallery"]
    names = ("id", "name", "category", "description", "icon", "docs")
    cards = [dict(zip(names, card, strict=False)) | dict(*card[6:]) for card in gallery["cards"]]
    return {
        card["id"]: {**card, "category": gallery["categories"][card["category"]]} for card in cards
    }


def assert_one_sentence(app: AppTest, heading: str, sentence: str) -> None:
    """The page says what failed, once, and offers to try again."""
    assert [shown.value for shown in app.header] == [heading]
    assert [sentence in shown.value for shown in app.error] == [True]
    assert "Try again" in labels(app)
    assert not app.exception
    assert "the-secret" not in everything(app)
    assert "the-key" not in everything(app)


def _elements(block: Any) -> Iterator[Any]:
    children = getattr(block, "children", {})
    for child in children.values():
        yield from _elements(child)
    if not children and block.proto is not None:
        yield block


def place(app: AppTest, heading: str) -> list[int]:
    """Return where a heading is: its number, and those of what it lies in, from the outermost."""

    def search(node: Node) -> list[int] | None:
        if getattr(node, "value", None) == heading:
            return []
        for number, child in getattr(node, "children", {}).items():
            if (below := search(child)) is not None:
                return [number, *below]
        return None

    numbers = search(app.main)
    assert numbers is not None
    return numbers
