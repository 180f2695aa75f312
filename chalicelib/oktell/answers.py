"""The formats of answers: Oktell's XML in the encoding that it declares, JSON, plain text, redirects."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement

from chalicelib.edge import Answer

#: The version of the mapper that the documented answers carry.
MAPPER_VERSION = "80710"
TEXT = {"Content-Type": "text/plain; charset=utf-8"}

# Characters that XML 1.0 does not allow, not even as a character reference (section 2.2).
_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# The byte order mark and the codec of each declared encoding. "utf-16" does not name its byte order, so clients need
# the mark.
_MARKS = {"utf-16": (codecs.BOM_UTF16_LE, "utf-16-le"), "utf-8": (b"", "utf-8")}

Property = Mapping[str, str]


def xml(root: Element, encoding: str = "utf-16") -> Answer:
    """Return a document with its declaration, in `encoding`: utf-16 (little-endian, with a mark) or utf-8."""
    for element in root.iter():
        element.attrib = {name: _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", value) for name, value in element.items()}
    ET.indent(root)
    mark, codec = _MARKS[encoding]
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n{ET.tostring(root, "unicode")}\n'
    return Answer(mark + text.encode(codec), headers={"Content-Type": f"text/xml; charset={encoding}"})


def mapped(data: str, properties: Mapping[str, str], simple: Iterable[Property]) -> Answer:
    """Return the documented `oktellxmlmapper` with one property set. `properties` are the attributes of the set."""
    root = Element("oktellxmlmapper", version=MAPPER_VERSION)
    property_set = SubElement(SubElement(root, "data", name=data, count="1"), "property_set", dict(properties))
    for attributes in simple:
        SubElement(property_set, "property_simple", dict(attributes))
    return xml(root)


def structure(content: object) -> Answer:
    """Return `content` as JSON in UTF-8."""
    return Answer(json.dumps(content, ensure_ascii=False, indent="\t").encode(errors="replace"))


def plain(text: str, status: int = 200) -> Answer:
    """Return plain text."""
    return Answer(text.encode(errors="replace"), status, TEXT)


def redirect(location: str) -> Answer:
    """Redirect to the current address of a file."""
    return Answer("", 302, {"Location": location, **TEXT})
