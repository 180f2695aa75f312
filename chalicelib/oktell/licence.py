"""`getlicensefulltext`, `getlicensefullxml`, `getlicenseinfo`: the details in the setting OKTELL_LICENCE."""

from __future__ import annotations

from chalicelib.edge import Answer
from chalicelib.oktell import answers
from chalicelib.oktell.asked import Asked, Command

#: The documented details, with their labels and default values.
DETAILS = {
    "regserial": ("Registration number", "0000000"),
    "confirmdate": ("Next confirmation", "31.12.2099"),
    "updatelimitdate": ("Updates until", "31.12.2099"),
}


def full_text(asked: Asked) -> Answer:
    """Return the whole licence as text."""
    known = _details(asked)
    return answers.plain("".join(f"{words}: {known[name]}\n" for name, (words, _) in DETAILS.items()))


def full_xml(asked: Asked) -> Answer:
    """Return the whole licence as XML, or one detail as text if `detail` names it, as documented."""
    if asked.text("detail"):
        return detail(asked)
    simple = [{"key": name, "value": value} for name, value in _details(asked).items()]
    return answers.mapped("license", {"name": "license"}, simple)


def detail(asked: Asked) -> Answer:
    """Return the value of one detail. Raise Wrong."""
    asked.required("detail")
    return answers.plain(_details(asked)[asked.choice("detail", DETAILS, "")])


def _details(asked: Asked) -> dict[str, str]:
    values = dict(asked.settings.oktell_licence)
    return {name: values.get(name, default) for name, (_, default) in DETAILS.items()}


COMMANDS: dict[str, Command] = {
    "getlicensefulltext": full_text,
    "getlicensefullxml": full_xml,
    "getlicenseinfo": detail,
}
