"""The ways in which a client shows who it is."""

from __future__ import annotations

BEARER = "bearer"
BASIC = "basic"
TOKEN = "token"  # noqa: S105 - the name of a parameter
LINK = "link"
PASSWORD = "password"  # noqa: S105 - the name of a parameter

SCHEMES: dict[str, dict[str, str]] = {
    BEARER: {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of an integration, with the scope of the surface: `Authorization: Bearer <token>`.",
    },
    BASIC: {
        "type": "http",
        "scheme": "basic",
        "description": "The token as the password of HTTP Basic; the user name is ignored.",
    },
    TOKEN: {"type": "apiKey", "in": "query", "name": "token", "description": "The token as a parameter."},
    LINK: {
        "type": "apiKey",
        "in": "query",
        "name": "key",
        "description": "The key of a link to one recording. The key is part of the link and needs no token.",
    },
    PASSWORD: {
        "type": "apiKey",
        "in": "query",
        "name": "password",
        "description": "A token of the scope `oktell`. It can be a field of the form, too.",
    },
}
