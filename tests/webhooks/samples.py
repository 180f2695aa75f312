"""Webhooks as the providers' documents show them: MTT's eight notifications, and Telphin's events."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

MTT = Path(__file__).with_name("mtt_samples.txt").read_text("utf-8").split("\n\n")

_CALL = {
    "CallID": "6C70D0C4B1F24E1E8A1B7A0F5B2D9C11",
    "CallAPIID": "87623746-3f0e9d9c-1111-4f6e-9d3a-5b2d9c110001",
    "CallerIDNum": "+79214567892",
    "CallerIDName": "Иван, +7 (921)",
    "CalledNumber": "13596*106",
    "CalledDID": "79300369446",
    "CallFlow": "IN",
}
_PHONE = _CALL | {
    "SubCallID": "1138241-62fe0b",
    "CalledExtension": "13596*106@sipproxy.telphin.ru",
    "CalledExtensionID": "1138241",
}
_QUEUE = _CALL | {"SubCallID": "1138200-62fe0a", "CalledNumber": "13596*200"}
_OUT = _PHONE | {"CallFlow": "OUT", "CallerExtension": "13596*106@sipproxy.telphin.ru", "CalledNumber": "+79217654321"}
_END = {"EventType": "hangup", "EventTime": "1766736731010096", "Duration": "7529999"}
_AGENT = {"agent_id": "136", "agent_type": "local", "event_source": "api", "extension_name": "000*094@ringme.ru"}

#: Situation -> form, with every event and parameter of the documents.
TELPHIN: dict[str, str] = {
    name: urlencode(fields)
    for name, fields in {
        "dial-in": _PHONE | {"EventType": "dial-in", "CallStatus": "CALLING", "EventTime": "1766736711480097"},
        "dial-in after a transfer": _PHONE
        | {"EventType": "dial-in", "CallStatus": "CALLING", "RemoteNumber": "+79214567892", "CallerIDNum": "13596*099"},
        "dial-out": _OUT | {"EventType": "dial-out", "CallStatus": "CALLING", "EventTime": "1766736711480097"},
        "dial-out of a forwarding": _OUT | {"EventType": "dial-out", "CallStatus": "CALLING", "Transfered": "yes"},
        "dial-out of a callback": _OUT | {"EventType": "dial-out", "CallStatus": "CALLING", "CallBackID": "77"},
        "answer": _PHONE | {"EventType": "answer", "CallStatus": "ANSWER", "EventTime": "1766736723480097"},
        "hangup": _PHONE | _END | {"CallStatus": "ANSWER", "RecID": "1138241-aa11"},
        "hangup, cancelled": _PHONE | _END | {"CallStatus": "CANCEL"},
        "hangup, busy": _PHONE | _END | {"CallStatus": "BUSY"},
        "hangup of an unanswered queue": _QUEUE | _END | {"CallStatus": "NOANSWER", "Bridged": "no"},
        "hangup of an answered queue": _QUEUE | _END | {"CallStatus": "ANSWER", "Bridged": "yes"},
        "agent comes": _AGENT | {"agent_status": "available"},
        "agent goes": _AGENT | {"agent_status": "logged_out", "EventType": "agent-logout"},
    }.items()
}
