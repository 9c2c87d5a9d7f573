"""XML read safely: no document type, no entities of its own, bounded in size, depth and number of elements. Pure."""

from dataclasses import dataclass, field
from xml.parsers import expat

from ggzy.quantities.rules import BillBroken

MOST_BYTES, MOST_DEPTH, MOST_ELEMENTS = 40_000_000, 40, 600_000


@dataclass(slots=True)
class Element:
    """An element with its local name, attributes, children and text."""

    name: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> list["Element"]:
        """Return every descendant of this name, in order of the document."""
        out: list[Element] = []
        waiting = list(reversed(self.children))
        while waiting:
            element = waiting.pop()
            if element.name == name:
                out.append(element)
            waiting.extend(reversed(element.children))
        return out

    def first(self, name: str) -> "Element | None":
        """Return the first child of this name."""
        return next((child for child in self.children if child.name == name), None)


def read(data: bytes) -> Element:
    """Return the root element.

    :raises BillBroken: not well-formed, with a document type, too large, too deep, too many
    """
    if len(data) > MOST_BYTES:
        raise BillBroken("XML文件过大")
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    root = Element("", {})
    open_: list[Element] = [root]
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MOST_ELEMENTS or len(open_) > MOST_DEPTH:
            raise BillBroken("XML文件的元素过多或嵌套过深")
        local = {key.rsplit(" ", 1)[-1]: value for key, value in attributes.items()}
        element = Element(name.rsplit(" ", 1)[-1], local)
        open_[-1].children.append(element)
        open_.append(element)

    def end(_: str) -> None:
        open_.pop()

    def text(said: str) -> None:
        open_[-1].text += said

    def refuse(*_: object) -> None:
        raise BillBroken("XML文件不得含有文档类型声明(DOCTYPE)或实体定义")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise BillBroken("XML文件格式不正确, 无法读取") from None
    return root.children[0]
