"""`python -m infra.openapi`: writes the document that the surface `documents` serves."""

from __future__ import annotations

from chalicelib.documents.openapi_file import OPENAPI
from infra.openapi.document import text

if __name__ == "__main__":
    OPENAPI.write_text(text(), "utf-8")
