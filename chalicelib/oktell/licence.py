"""`getlicensefulltext`, `getlicensefullxml`, `getlicenseinfo`: the licence in the setting OKTELL_LICENCE."""

from __future__ import annotations

from urllib.parse import unquote_plus

from chalicelib.edge import Answer
from chalicelib.oktell import answers, command_parameters
from chalicelib.oktell.refusals import InvalidParameter
from chalicelib.oktell.request import SHOWN, Command, CommandRequest

#: The documented details, which are part of every licence.
DETAILS = ("regserial", "confirmdate", "updatelimitdate")
UNLICENSED = "unlicensed"
#: Language of the server -> the title of the text, and the labels of details. Other details have their own names.
TEXTS = {
    "ru": (
        "Информация о лицензии",
        {
            "regserial": "Номер регистрации",
            "confirmdate": "Дата следующего подтверждения сертификата",
            "updatelimitdate": "Конечная дата поддерживаемых версий",
            "product": "Продукт",
            "holder": "Владелец лицензии",
            "users": "Пользователей",
            "lines": "Линий",
            UNLICENSED: "Лицензия отсутствует (unlicensed)",
        },
    ),
    "en": (
        "Licence information",
        {
            "regserial": "Registration number",
            "confirmdate": "Next confirmation of the certificate",
            "updatelimitdate": "Last date of supported versions",
            "product": "Product",
            "holder": "Licence holder",
            "users": "Users",
            "lines": "Lines",
            UNLICENSED: "There is no licence (unlicensed)",
        },
    ),
}


def full_text(request: CommandRequest) -> Answer:
    """Return the whole licence as text, in the server's language."""
    title, labels = TEXTS[request.settings.oktell_language]
    values = _values(request) if request.settings.oktell_licence else {}
    lines = [f"{labels.get(name, name)}: {value}" for name, value in values.items()] or [labels[UNLICENSED]]
    return answers.plain("".join(f"{line}\n" for line in (title, *lines)))


def full_xml(request: CommandRequest) -> Answer:
    """Return the whole licence as XML, or the detail alone that `detail` names, as the documented address does."""
    if command_parameters.DetailParameters.of(request).detail:
        return detail(request)
    simple = [{"key": name, "value": value} for name, value in _values(request).items()]
    return answers.mapped("license", {"name": "license"}, simple)


def detail(request: CommandRequest) -> Answer:
    """Return the value of one detail. Raise InvalidParameter if `detail` is missing or unknown."""
    wanted = command_parameters.RequiredDetailParameters.of(request).detail.lower()
    values = _values(request)
    if wanted not in values:
        raise InvalidParameter(f"detail must be one of {', '.join(values)}, not {wanted[:SHOWN]!r}")
    return answers.plain(values[wanted])


def _values(request: CommandRequest) -> dict[str, str]:
    """Return the details: those that the setting lacks are unlicensed."""
    known = {name: unquote_plus(value) for name, value in request.settings.oktell_licence}
    return dict.fromkeys(DETAILS, UNLICENSED) | known


COMMANDS: dict[str, Command] = {
    "getlicensefulltext": full_text,
    "getlicensefullxml": full_xml,
    "getlicenseinfo": detail,
}
