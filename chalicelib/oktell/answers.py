"""How answers look: Oktell's XML in the bytes that it declares, JSON, plain text, a redirect."""

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

# What XML 1.0 cannot say at all, not even as a reference (section 2.2).
_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Clients tell them apart by the mark: the documents declare utf-16, whose order of bytes is not in the name.
_MARKS = {"utf-16": (codecs.BOM_UTF16_LE, "utf-16-le"), "utf-8": (b"", "utf-8")}

Property = Mapping[str, str]


def xml(root: Element, encoding: str = "utf-16") -> Answer:
    """The document with its declaration, in `encoding`: utf-16 (little end first, with its mark) or utf-8."""
    for element in root.iter():
        element.attrib = {name: _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", it) for name, it in element.items()}
    ET.indent(root)
    mark, codec = _MARKS[encoding]
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n{ET.tostring(root, "unicode")}\n'
    return Answer(mark + text.encode(codec), headers={"Content-Type": f"text/xml; charset={encoding}"})


def mapped(data: str, properties: Mapping[str, str], simple: Iterable[Property]) -> Answer:
    """The documented `oktellxmlmapper` with one set of simple properties; `properties` are the set's attributes."""
    root = Element("oktellxmlmapper", version=MAPPER_VERSION)
    found = SubElement(SubElement(root, "data", name=data, count="1"), "property_set", dict(properties))
    for each in simple:
        SubElement(found, "property_simple", dict(each))
    return xml(root)


def structure(content: object) -> Answer:
    """JSON, in UTF-8 as every client reads it."""
    return Answer(json.dumps(content, ensure_ascii=False, indent="\t").encode(errors="replace"))


def plain(text: str, status: int = 200) -> Answer:
    """Text alone."""
    return Answer(text.encode(errors="replace"), status, TEXT)


def redirect(location: str) -> Answer:
    """Where the file lies now."""
    return Answer("", 302, {"Location": location, **TEXT})
