"""`getlicensefulltext`, `getlicensefullxml`, `getlicenseinfo`: the licence in the setting OKTELL_LICENCE."""

from __future__ import annotations

from chalicelib.edge import Answer
from chalicelib.oktell import answers
from chalicelib.oktell.request import Command, CommandRequest

#: The documented details: name -> label, and the value if the setting has none.
DETAILS = {
    "regserial": ("Registration number", "0000000"),
    "confirmdate": ("Next confirmation", "31.12.2099"),
    "updatelimitdate": ("Updates until", "31.12.2099"),
}


def full_text(request: CommandRequest) -> Answer:
    """Return the whole licence as text."""
    values = _values(request)
    return answers.plain("".join(f"{label}: {values[name]}\n" for name, (label, _) in DETAILS.items()))


def full_xml(request: CommandRequest) -> Answer:
    """Return the whole licence as XML, or the detail alone that `detail` names, as the documented address does."""
    if request.text("detail"):
        return detail(request)
    simple = [{"key": name, "value": value} for name, value in _values(request).items()]
    return answers.mapped("license", {"name": "license"}, simple)


def detail(request: CommandRequest) -> Answer:
    """Return the value of one detail. Raise InvalidParameter if `detail` is missing or unknown."""
    request.required("detail")
    return answers.plain(_values(request)[request.choice("detail", DETAILS, "")])


def _values(request: CommandRequest) -> dict[str, str]:
    settings = dict(request.settings.oktell_licence)
    return {name: settings.get(name, default) for name, (_, default) in DETAILS.items()}


COMMANDS: dict[str, Command] = {
    "getlicensefulltext": full_text,
    "getlicensefullxml": full_xml,
    "getlicenseinfo": detail,
}
