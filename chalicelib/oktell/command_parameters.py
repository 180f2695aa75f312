"""The parameters of each command as pydantic models. A Lambda loads them for its first command with parameters.

The name of a field is the name that errors show. Blank parameters are as good as missing ones, and of several names of
one parameter the first that is not blank counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AliasChoices, Field, PlainValidator, ValidationError, ValidationInfo, WithJsonSchema

from chalicelib.oktell.refusals import InvalidParameter
from chalicelib.oktell.request import SHOWN, CommandRequest
from chalicelib.oktell.states import STATUSES, State
from chalicelib.platform.models import DeferredModel

#: The longest value of a parameter, in characters.
LONGEST = 32_768
#: The longest whole number, in digits.
LONGEST_WHOLE = 18
#: The longest wait for a script, in seconds. API Gateway gives up after 29 seconds.
LONGEST_WAIT = 25
LONGEST_REASON = 512
#: The parameters that select a user. If a command has several, the first one counts.
SELECTORS = ("line", "user", "wp")

#: Digits with what separates them, and internal numbers such as 13596*106 or #999.
_NUMBER = re.compile(r"\+?[0-9*#][0-9*#() .-]{0,39}")
_MISSING = {"line": f"One of the parameters {', '.join(SELECTORS)} is required"}


class Parameters(DeferredModel):
    """The parameters of a command. Others are ignored."""

    @classmethod
    def of(cls, request: CommandRequest) -> Self:
        """Return the parameters of a request. Raise InvalidParameter for the first wrong one."""
        present = {name: value.strip() for name, value in request.parameters.items() if value.strip()}
        try:
            return cls.model_validate(present)
        except ValidationError as error:
            raise InvalidParameter(_words_for(error)) from None


def _words_for(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "missing":
        name = str(first["loc"][0])
        return _MISSING.get(name, f"The parameter {name} is required")
    return str(first["ctx"]["error"])


def _read_by(convert: Callable[[str], Any], words: str) -> PlainValidator:
    """Return a validator that names the parameter, and describes a right value in `words`, where `convert` fails."""

    def checked(value: str, info: ValidationInfo) -> Any:  # noqa: ANN401 - what `convert` returns
        # `async` is a word of Python, so the field is `is_async`.
        name = str(info.field_name).removeprefix("is_")
        if len(value) > LONGEST or "\0" in value:
            raise ValueError(f"{name} is longer than {LONGEST} characters or contains a NUL character")
        try:
            return convert(value)
        except ValueError:
            raise ValueError(f"{name} must be {words}, not {value[:SHOWN]!r}") from None

    return PlainValidator(checked)


def _one_of(*words: str) -> PlainValidator:
    def convert(value: str) -> str:
        return words[words.index(value.lower())]

    return _read_by(convert, f"one of {', '.join(words)}")


def _flag(value: str) -> bool:
    return bool(("0", "1").index(value))


def _whole(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= LONGEST_WHOLE):
        raise ValueError
    return int(value)


def _aware(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _number(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise ValueError
    return re.sub(r"[() .-]", "", value)


def _settable(value: str) -> State | None:
    return next((state for state in STATUSES if value == str(int(state))), None)


def _mode(value: str) -> bool | None:
    return {"0": False, "1": True}.get(value)


def _reason_number(value: str) -> str:
    number = value[:LONGEST_WHOLE]
    return number if number.isascii() and number.isdigit() else ""


def _reason(value: str) -> str:
    return value[:LONGEST_REASON]


_STRING = WithJsonSchema({"type": "string"})
_FLAG = WithJsonSchema({"enum": ["0", "1"]})

Text = Annotated[str, _read_by(str, "a text"), _STRING]
Flag = Annotated[bool, _read_by(_flag, "one of 0, 1"), _FLAG]
#: As `Flag`, but a wrong value is ignored.
Mode = Annotated[bool | None, _read_by(_mode, ""), _FLAG]
PhoneNumber = Annotated[str, _read_by(_number, "a phone number such as 538 or +79214567892"), _STRING]
CallId = Annotated[UUID, _read_by(UUID, "the id of a call, a UUID"), _STRING]
Line = Annotated[
    Text,
    Field(
        validation_alias=AliasChoices(*SELECTORS),
        description="a GUID, login, line, number, work place or name of the user; `user` and `wp` take the same",
    ),
]


class ScriptParameters(Parameters):
    """The parameters of `execsvcscript`, `execsvcscriptplain` and `download/byscript`."""

    name: Text = Field(description="the script", examples=["SvcScript1"])
    startparam1: Text = Field(default="", description="a parameter of the script")
    startparam2: Text = Field(default="", description="a parameter of the script")
    startparam3: Text = Field(default="", description="a parameter of the script")
    startparam4: Text = Field(default="", description="a parameter of the script")
    startparam5: Text = Field(default="", description="a parameter of the script")
    is_async: Annotated[Flag, Field(validation_alias="async")] = Field(
        default=False, description="1 does not wait for the script"
    )
    timeout: Annotated[
        int,
        _read_by(_whole, f"a whole number of up to {LONGEST_WHOLE} digits"),
        WithJsonSchema({"type": "string", "pattern": f"^[0-9]{{1,{LONGEST_WHOLE}}}$"}),
    ] = Field(default=LONGEST_WAIT, description=f"seconds to wait, {LONGEST_WAIT} at most")

    def start_parameters(self) -> list[str]:
        """Return the five parameters of the script."""
        return [self.startparam1, self.startparam2, self.startparam3, self.startparam4, self.startparam5]


class RunParameters(Parameters):
    """The parameters of `execsvcscriptresult`."""

    run: Annotated[UUID, _read_by(UUID, "the id in the header X-Script-Run"), _STRING] = Field(
        description="the id in the header X-Script-Run of the earlier answer"
    )
    plain: Flag = Field(default=False, description="1 answers the value as text")


class UserParameters(Parameters):
    """The parameters of `tst_getuserstate`."""

    iduser: Text = Field(
        validation_alias=AliasChoices("iduser", "number", *SELECTORS), description="the user's GUID or name"
    )


class NumberParameters(Parameters):
    """The parameters of `tst_getintnumberreadyusers`."""

    number: Text = Field(description="an internal number", examples=["120"])


class LineParameters(Parameters):
    """The parameters of commands about the line of a user."""

    line: Line


class StateParameters(Parameters):
    """The parameters of `wp_setuserstate`, which ignores wrong values."""

    userstateid: Annotated[State | None, _read_by(_settable, ""), _STRING] = Field(
        default=None, description="the number of the state"
    )
    oncallcenter: Mode = Field(default=None, description="a mode")
    onredirect: Mode = Field(default=None, description="a mode")
    onlunch: Mode = Field(default=None, description="a mode")
    lunchreasonid: Annotated[str, _read_by(_reason_number, ""), _STRING] = Field(
        default="", description="the reason of a break, a number"
    )
    lunchreasonmsg: Annotated[str, _read_by(_reason, ""), _STRING] = Field(
        default="", description="the reason of a break, a text"
    )
    line: Line


class CallParameters(Parameters):
    """The parameters of `wp_autocallstart` and `wp_switchcall`."""

    number: PhoneNumber = Field(description="the number to call", examples=["+79214567892"])
    direction: Annotated[str, _one_of("pbx", "city"), WithJsonSchema({"enum": ["pbx", "city"]})] = Field(
        default="", description="an internal or an external number"
    )
    sequence: Annotated[str, _one_of("direct", "back"), WithJsonSchema({"enum": ["direct", "back"]})] = Field(
        default="direct", description="who is called first"
    )
    line: Line


class FlashParameters(Parameters):
    """The parameters of `wp_flash`."""

    mode: Annotated[str, _one_of("abort"), WithJsonSchema({"enum": ["abort"]})] = Field(
        default="", description="return to it"
    )
    line: Line


class RecordLinkParameters(Parameters):
    """The parameters of `getrecordlink`."""

    inviteid: CallId = Field(
        validation_alias=AliasChoices("inviteid", "commutationid", "chainid"),
        description="the id of a call in the tables; `commutationid` and `chainid` take those of wp_getchaincontent",
    )


class FaxLinksParameters(Parameters):
    """The parameters of `getfaxlinks`."""

    since: Annotated[datetime | None, _read_by(_aware, "a time such as 2026-11-21T04:40:57Z"), _STRING] = Field(
        default=None, description="only faxes since this time", examples=["2026-11-21T04:40:57Z"]
    )


class RecordCodeParameters(Parameters):
    """The parameters of `downloadrecordbylink`."""

    recordlink: Text = Field(description="the code")


class DetailParameters(Parameters):
    """The parameters of `getlicensefullxml`, which answers the whole licence without them."""

    detail: Text = Field(default="", description="the detail")


class RequiredDetailParameters(Parameters):
    """The parameters of `getlicenseinfo`."""

    detail: Annotated[Text, WithJsonSchema({"enum": ["regserial", "confirmdate", "updatelimitdate"]})] = Field(
        description="the detail"
    )


class UploadParameters(Parameters):
    """The parameters of `upload`, beside its files."""

    presigned: Flag = Field(default=False, description="1 asks for a form that takes a larger file")
    name: Text = Field(default="", description="the name of the larger file")
