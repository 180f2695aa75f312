"""The formats of answers: Oktell's XML in its declared encoding, JSON, plain text and redirects."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement

from chalicelib.edge import Answer

#: The mapper version in the documented answers.
MAPPER_VERSION = "80710"
TEXT = {"Content-Type": "text/plain; charset=utf-8"}

# Characters that XML 1.0 does not allow, not even as references (section 2.2).
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# The declared utf-16 does not name its byte order, so clients recognise it by the byte order mark.
_MARKS = {"utf-16": (codecs.BOM_UTF16_LE, "utf-16-le"), "utf-8": (b"", "utf-8")}

Property = Mapping[str, str]


def xml(root: Element, encoding: str = "utf-16") -> Answer:
    """Return a document with its declaration, in utf-16 (little-endian, with a byte order mark) or utf-8."""
    for element in root.iter():
        element.attrib = {name: _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", it) for name, it in element.items()}
    ET.indent(root)
    mark, codec = _MARKS[encoding]
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n{ET.tostring(root, "unicode")}\n'
    return Answer(mark + text.encode(codec), headers={"Content-Type": f"text/xml; charset={encoding}"})


def mapped(data: str, properties: Mapping[str, str], simple: Iterable[Property]) -> Answer:
    """Return the documented `oktellxmlmapper` with one property set. `properties` are the attributes of the set."""
    root = Element("oktellxmlmapper", version=MAPPER_VERSION)
    property_set = SubElement(SubElement(root, "data", name=data, count="1"), "property_set", dict(properties))
    for each in simple:
        SubElement(property_set, "property_simple", dict(each))
    return xml(root)


def json_text(content: object) -> Answer:
    """Return JSON in UTF-8, which every client reads."""
    return Answer(json.dumps(content, ensure_ascii=False, indent="\t").encode(errors="replace"))


def plain(text: str, status: int = 200) -> Answer:
    """Return plain text."""
    return Answer(text.encode(errors="replace"), status, TEXT)


def redirect(location: str) -> Answer:
    """Return a redirect to `location`."""
    return Answer("", 302, {"Location": location, **TEXT})
