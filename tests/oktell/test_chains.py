"""Live calls: the answers show a call from its first webhook to its hangup."""

from __future__ import annotations

from uuid import uuid4

from tests.oktell.conftest import Client, Office

DIMA, VIKTOR, CALLER = "13596*101", "13596*102", "+79214567892"
#: The keys of the samples in the protocol document.
CALL = set(
    "userlogin isuser queuepriority managedlineid contentelementtype srclinenumber userid calledid istask pbxdirection"
    " queuesourcestr srclineid objecttypestr managedlinenumber objecttype callerid queuesource department"
    " startqueuetime objectid username srcelementid".split()
)
COMMUTATION = set(
    "contentelementtype connectiontype btext aisuser atext connectiontypestr buserid ausername aoutnumber blineid"
    " auserlogin bisuser buserlogin auserid busername timeanswer isrecorded commutationid bnumberdialed timestart"
    " boutnumber anumberdialed alinenumber blinenumber alineid".split()
)
ABONENT = set(
    "cansendfiles isconference callerlineid callercomment isuser callername canswitchtoconf callerusername"
    " commutationid calleruserlogin callerdescription callerlinenum isivr callerid callersimple calleruserid canfax"
    " canvideo chainid isextline".split()
)


def _event(taker: Client | Office, call: str, extension: str, kind: str, **fields: str) -> None:
    taker.webhook(
        EventType=kind,
        CallID=call,
        SubCallID=f"{extension}-{call}",
        **{
            "CallStatus": "CALLING" if kind.startswith("dial") else "ANSWER",
            "CallFlow": "out" if kind == "dial-out" else fields.pop("flow", "in"),
        }
        | fields,
    )


def test_an_external_call_shows_until_its_end(client: Client) -> None:
    """The called user is reserved while the phone rings, then busy, then free. The other end is the caller."""
    call, numbers = uuid4().hex, {"CallerIDNum": CALLER, "CalledNumber": DIMA}
    _event(client, call, DIMA, "dial-in", **numbers)
    client.eventually(lambda: client.state("Dima") == "6 usReserved")
    ringing = client.get("wp_getchaincontent", user="Dima").json()
    assert client.get("wp_getabonentinfo", user="Dima").json()["currentlinestate"] == 16

    _event(client, call, DIMA, "answer", **numbers)
    client.eventually(lambda: client.state("Dima") == "5 usFullbusy")
    talking = client.get("wp_getchaincontent", line="17002").json()
    other = client.get("wp_getabonentinfo", user="#999").json()

    _event(client, call, DIMA, "hangup", Duration="1000000", **numbers)
    client.eventually(lambda: client.state("Dima") == "1 usReady")

    assert [each["contentelementtype"] for each in ringing["trace"]] == ["call"]
    assert [each["contentelementtype"] for each in talking["trace"]] == ["call", "commutation"]
    assert (set(talking["trace"][0]), set(talking["trace"][1])) == (CALL, COMMUTATION)
    assert set(talking) == {"createtime", "trace", "customfield", "chainid"}
    assert talking["chainid"] == ringing["chainid"] == other["abonentinfo"]["chainid"]
    assert set(other["abonentinfo"]) == ABONENT
    assert (other["currentlinestate"], other["currentlinestatestr"]) == (32, "lsCommutated")
    assert (other["abonentinfo"]["callerid"], other["abonentinfo"]["isextline"]) == (CALLER, True)
    assert client.get("wp_getchaincontent", user="Dima").json() == {}
    call_records = client.rows("SELECT inviteid::text FROM calls.success WHERE esgdlg = %s", call)
    assert call_records == [(talking["trace"][1]["commutationid"],)]


def test_two_users_talk(office: Office) -> None:
    """An internal call is one commutation in the answers for both users. Each sees the other as the other end."""
    call, numbers = uuid4().hex, {"CallerIDNum": DIMA, "CalledNumber": VIKTOR}
    inner = numbers | {"CallerExtension": f"{DIMA}@sip", "CalledExtension": f"{VIKTOR}@sip"}
    _event(office, call, DIMA, "dial-out", **inner)
    _event(office, call, VIKTOR, "dial-in", **inner)
    _event(office, call, VIKTOR, "answer", **inner)
    _event(office, call, DIMA, "answer", flow="out", **inner)
    assert office.state("Dima") == office.state("VIKTIRICH") == "5 usFullbusy"

    chain = office.json("wp_getchaincontent", user="DA803F01-EA77-40FA-BC9D-E2EFB36FD5A8")
    seen = {user: office.json("wp_getabonentinfo", user=user) for user in ("Dima", "viktirich")}
    for extension, flow in ((VIKTOR, "in"), (DIMA, "out")):
        _event(office, call, extension, "hangup", flow=flow, Duration="1000000", **inner)
    assert office.state("Dima") == office.state("VIKTIRICH") == "1 usReady"

    talks = [each for each in chain["trace"] if each["contentelementtype"] == "commutation"]
    assert [(each["connectiontype"], each["connectiontypestr"]) for each in talks] == [(3, "ctInnerInner")]
    assert (talks[0]["auserlogin"], talks[0]["buserlogin"]) == ("Dima", "VIKTIRICH")
    assert (talks[0]["aoutnumber"], talks[0]["boutnumber"], talks[0]["anumberdialed"]) == ("#999", "183", "183")
    assert (talks[0]["alinenumber"], talks[0]["blinenumber"]) == ("17002", "17001")
    assert chain["trace"][0]["pbxdirection"] == "internal"
    assert seen["Dima"]["abonentinfo"]["callername"] == "Виктор Викторыч"
    assert seen["viktirich"]["abonentinfo"]["calleruserlogin"] == "Dima"


def test_the_last_joined_call_counts(office: Office) -> None:
    """The answers show the answered call that the user joined last, and a ringing call only if there is none."""
    numbers = {name: {"CallerIDNum": name, "CalledNumber": DIMA} for name in ("7111", "7222", "7333")}
    calls = {name: uuid4().hex for name in numbers}
    seen = []
    for kind, name in (
        ("dial-in", "7111"),
        ("dial-in", "7222"),
        ("answer", "7222"),
        ("dial-in", "7333"),
        ("answer", "7111"),
        ("hangup", "7111"),
        ("hangup", "7222"),
    ):
        _event(office, calls[name], DIMA, kind, **numbers[name])
        with_whom = office.json("wp_getabonentinfo", user="Dima")
        trace = office.json("wp_getchaincontent", user="Dima")["trace"]
        seen.append((with_whom["abonentinfo"]["callerid"], trace[0]["callerid"], with_whom["currentlinestate"]))

    with_each = [("7111", 16), ("7222", 16), ("7222", 32), ("7222", 32), ("7111", 32), ("7222", 32), ("7333", 16)]
    assert seen == [(name, name, line) for name, line in with_each]


def test_an_answer_does_not_change_the_start_of_a_call(office: Office) -> None:
    """The chain and its legs start with the dial event. Only `timeanswer` is the time of the answer."""
    call, numbers = uuid4().hex, {"CallerIDNum": CALLER, "CalledNumber": DIMA}
    dialled, answered = 1_795_165_288, 1_795_165_291
    for kind, seconds in (("dial-in", dialled), ("answer", answered)):
        _event(office, call, DIMA, kind, EventTime=str(seconds * 1_000_000), **numbers)

    chain = office.json("wp_getchaincontent", user="Dima")
    times = [
        chain["createtime"],
        *(part.get(name) for part in chain["trace"] for name in ("startqueuetime", "timestart", "timeanswer")),
    ]
    start, answer = "2026-11-20 09:01:28", "2026-11-20 09:01:31"
    assert times == [start, start, None, None, None, start, answer]


def test_an_agent_who_logs_out_is_disconnected(office: Office) -> None:
    """The events of a queue's agent change the state of the user who is that agent."""
    for status, expected in (("logged_out", "0 usDisconnected"), ("available", "1 usReady")):
        office.webhook(EventType="agent-login", agent_id="136", agent_status=status, extension_name="13596*106@sip")
        assert office.state("anna") == expected


def test_a_started_call_is_connected_with_its_webhooks(telphin: Office) -> None:
    """The API returns the CallID of the started call, so the live call has the id of the order."""
    telphin.run("wp_autocallstart", line="16038", number="538", sequence="back")
    ((order, call),) = telphin.rows("SELECT id::text, call_id FROM ledger.started_calls")
    numbers = {"CallerIDNum": "13596*106", "CalledNumber": "538", "CallerExtension": "13596*106@sip"}
    _event(telphin, call, "13596*106", "dial-out", **numbers)
    chain = telphin.json("wp_getchaincontent", user="anna")

    assert telphin.state("anna") == "5 usFullbusy"
    assert (chain["customfield"], chain["trace"][0]["calledid"]) == (order, "538")


def test_a_webhook_has_the_id_of_its_order(forwarding: Office) -> None:
    """A PBX that knows the id of the order sends it as CallBackID."""
    forwarding.run("wp_autocallstart", user="ivan", number="89991112233")
    ((order,),) = forwarding.rows("SELECT id::text FROM ledger.started_calls")
    numbers = {"CallerIDNum": "13596*538", "CalledNumber": "89991112233", "CallerExtension": "13596*538@sip"}
    _event(forwarding, uuid4().hex, "13596*538", "dial-out", CallBackID=order, **numbers)

    assert forwarding.json("wp_getchaincontent", user="ivan")["customfield"] == order


def test_the_fields_of_a_live_call_tell_the_truth(office: Office) -> None:
    """A live call is recorded if the last call of its extension was. Nothing knows of priorities and fax machines."""
    numbers, shown = {"CallerIDNum": CALLER, "CalledNumber": DIMA}, []
    for recording in ({}, {"RecID": "7-abc"}, {}):
        call = uuid4().hex
        _event(office, call, DIMA, "dial-in", **numbers)
        _event(office, call, DIMA, "answer", **numbers)
        live, talking = office.json("wp_getchaincontent", user="Dima")["trace"]
        shown.append((talking["isrecorded"], live["queuepriority"]))
        assert office.json("wp_getabonentinfo", user="Dima")["abonentinfo"]["canfax"] is False
        _event(office, call, DIMA, "hangup", Duration="1000000", **numbers, **recording)

    assert shown == [(False, 0), (False, 0), (True, 0)]
