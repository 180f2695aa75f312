"""The licence: its text is complete and in the server's language, and nothing is made up."""

from __future__ import annotations

import pytest

from chalicelib.errors import Misconfigured
from chalicelib.oktell.refusals import InvalidParameter
from chalicelib.settings import load
from tests.oktell.conftest import Office

LICENCE = (("regserial", "1234567"), ("holder", "ООО+Ромашка"), ("modules", "ivr"))


def _text(office: Office, command: str, **parameters: str) -> str:
    body = office.run(command, **parameters).body
    return body if isinstance(body, str) else body.decode()


@pytest.mark.parametrize("detail", ["regserial", "confirmdate", "updatelimitdate"])
def test_without_a_licence_every_detail_is_unlicensed(office: Office, detail: str) -> None:
    """No number and no date is made up."""
    assert office.run("getlicenseinfo", detail=detail).body == b"unlicensed"
    assert "unlicensed" in _text(office, "getlicensefulltext")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "ru",
            (
                "Информация о лицензии\nНомер регистрации: 1234567\n"
                "Дата следующего подтверждения сертификата: unlicensed\n"
                "Конечная дата поддерживаемых версий: unlicensed\nВладелец лицензии: ООО Ромашка\nmodules: ivr\n"
            ),
        ),
        (
            "en",
            (
                "Licence information\nRegistration number: 1234567\nNext confirmation of the certificate: unlicensed\n"
                "Last date of supported versions: unlicensed\nLicence holder: ООО Ромашка\nmodules: ivr\n"
            ),
        ),
    ],
)
def test_the_text_is_in_the_language_of_the_server(office: Office, language: str, text: str) -> None:
    """All details of the setting are there, those that it lacks are unlicensed."""
    configured = office.having(oktell_licence=LICENCE, oktell_language=language)
    assert _text(configured, "getlicensefulltext") == text


def test_a_further_detail_can_be_asked_for(office: Office) -> None:
    """A detail that is neither documented nor in the setting is refused."""
    configured = office.having(oktell_licence=LICENCE)
    assert _text(configured, "getlicenseinfo", detail="holder") == "ООО Ромашка"
    with pytest.raises(InvalidParameter):
        configured.run("getlicenseinfo", detail="lines")


def test_an_unknown_language_is_refused() -> None:
    """The error names the setting and the languages."""
    with pytest.raises(Misconfigured, match=r"OKTELL_LANGUAGE.*ru or en"):
        load({"OKTELL_LANGUAGE": "de"})
