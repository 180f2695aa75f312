"""Multipart bodies as clients write them."""

from __future__ import annotations

BOUNDARY = "----a boundary"
MULTIPART = f'multipart/form-data; boundary="{BOUNDARY}"'


def part(head: str, content: bytes) -> bytes:
    """Return a part with these headers."""
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"


def named(name: str) -> str:
    """Return the header of a file with this name."""
    return f'Content-Disposition: form-data; name="f"; filename="{name}"'
