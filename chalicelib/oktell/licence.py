"""`getlicensefulltext`, `getlicensefullxml`, `getlicenseinfo`: what the setting OKTELL_LICENCE says."""

from __future__ import annotations

from chalicelib.edge import Answer
from chalicelib.oktell import answers
from chalicelib.oktell.asked import Asked, Command

#: The details that are documented, what each is, and what stands for one that no setting gives.
DETAILS = {
    "regserial": ("Registration number", "0000000"),
    "confirmdate": ("Next confirmation", "31.12.2099"),
    "updatelimitdate": ("Updates until", "31.12.2099"),
}


def full_text(asked: Asked) -> Answer:
    """The whole licence as text."""
    known = _known(asked)
    return answers.plain("".join(f"{words}: {known[name]}\n" for name, (words, _) in DETAILS.items()))


def full_xml(asked: Asked) -> Answer:
    """The whole licence as XML; with `detail`, as the documented address has it, that detail alone."""
    if asked.text("detail"):
        return detail(asked)
    simple = [{"key": name, "value": value} for name, value in _known(asked).items()]
    return answers.mapped("license", {"name": "license"}, simple)


def detail(asked: Asked) -> Answer:
    """The value of one detail. Raises Wrong."""
    asked.needed("detail")
    return answers.plain(_known(asked)[asked.choice("detail", DETAILS, "")])


def _known(asked: Asked) -> dict[str, str]:
    said = dict(asked.settings.oktell_licence)
    return {name: said.get(name, default) for name, (_, default) in DETAILS.items()}


COMMANDS: dict[str, Command] = {
    "getlicensefulltext": full_text,
    "getlicensefullxml": full_xml,
    "getlicenseinfo": detail,
}
