"""The documented tables as data, for the channel, the database and the demonstration."""

from __future__ import annotations

Columns = tuple[tuple[str, str], ...]

_TYPES = {
    "big": "bigint",
    "date": "date",
    "flag": "boolean",
    "int": "integer",
    "ints": "integer[]",
    "json": "jsonb",
    "span": "interval",
    "text": "character varying",
    "word": "text",
    "time": "timestamp without time zone",
    "uuid": "uuid",
}


def _columns(text: str) -> Columns:
    pairs = (word.split(":") for word in text.split())
    return tuple((name, _TYPES[kind]) for name, kind in pairs)


# schema -> table -> (column, PostgreSQL's name of its type), in the order and spelling of the protocol
TABLES: dict[str, dict[str, Columns]] = {
    # The protocol names these tables without columns. Both columns are Ringledger's own.
    "alertcallevents": dict.fromkeys(
        (
            "callinited",
            "callpreanswered",
            "callapproved",
            "statechanged",
            "prepared",
            "callrejected",
            "callstarted",
            "callanswered",
            "callfailed",
            "callfinished",
        ),
        _columns("eventts:time payload:json"),
    ),
    "calls": {
        "success": _columns("""
            inviteid:uuid invitedt:time acallid:text bcallid:text anumber:text ausername:text adomain:text
            adisplayname:text anetworkaddr:text acallednum:text arepresentative:text aouter:flag
            aprovidercode:text bnumber:text busername:text bdomain:text bdisplayname:text bnetworkaddr:text
            bouter:flag bprovidercode:text dial_dt:time start_dt:time stop_dt:time dial_duration:int
            duration:int stopreason:text isrec:flag callrecpath:text callstoragecode:text callrecsize:big
            callrecdel_dt:time recordruleid:uuid storageruleid:uuid recdomain:text recexpirets:time
            sys_recdelts:big dlgbinding:text esgdlg:text isreplacing:flag
        """),
        "cancelled": _columns("""
            inviteid:uuid invitedt:time dial_dt:time stop_dt:time fromnumber:text fromusername:text
            fromdomain:text fromouter:flag fromprovidercod:text callednum:text networkaddr:text stoptype:text
            stopreason:text
        """),
        "failed": _columns("""
            inviteid:uuid invitedt:time fromnumber:text fromusername:text fromdomain:text fromouter:flag
            fromprovidercod:text callednum:text networkaddr:text sipcode:text reason:text
        """),
        "holds": _columns("inviteid:uuid invitedt:time side:text hold_dt:time unhold_dt:time eventid:uuid"),
        "routes": _columns("""
            inviteid:uuid invitedt:time event_dt:time eventid:uuid vectorcode:text ruleid:uuid routeaction:text
            routedomain:text providercode:text featurecodeid:uuid featurecodetype:text featurenumber:text
        """),
        "forks": _columns("""
            inviteid:uuid invitedt:time busername:text bdomain:text bnetworkaddr:text bouter:flag
            bprovidercode:text ispreanswered:flag isanswered:flag forkstart_dt:time forkpreansw_dt:time
            forkansw_dt:time sipcode:int reason:text eventid:uuid
        """),
    },
    "ivrhuntq": {
        "huntq_calls": _columns("""
            inviteid:uuid huntq_id:uuid callid:text esgdlg:text from_user:text from_displayname:text qid:text
            enqueue_result:text start_call_uid:uuid dequeue_result:text dequeue_reason:text banned_user:uuid
            final_stopreason:text dt_greet:time dt_enqueue:time dt_start_call:time dt_dequeue:time
            dt_preivr:time dt_userban:time dt_quit:time dt_final:time
        """),
    },
    "ivrhuntqevents": {
        "final": _columns("huntq_id:text callid:text inviteid:uuid esgdlg:text stopreason:text eventts:time"),
        "queue_dequeue": _columns("""
            qid:text huntq_id:text from_user:text from_displayname:text callid:text inviteid:uuid esgdlg:text
            result:text reason:text eventts:time
        """),
        "queue_enqueue": _columns("""
            qid:text huntq_id:text callid:text inviteid:uuid esgdlg:text from_user:text result:text eventts:time
        """),
        "queue_greeting": _columns("""
            huntq_id:text qivrscript:text callid:text inviteid:uuid esgdlg:text from_user:text
            from_displayname:text sys_iscopied:flag sys_copyid:big eventts:time
        """),
        "queue_preivr_start": _columns("qid:text userid:text callid:text inviteid:uuid esgdlg:text eventts:time"),
        "queue_quit": _columns("qid:text from_user:text callid:text inviteid:uuid esgdlg:text eventts:time"),
        "queue_start_call": _columns("qid:text userid:text callid:text inviteid:uuid esgdlg:text eventts:time"),
        "queue_userban": _columns("""
            qid:text huntq_id:text callid:text inviteid:uuid esgdlg:text userid:text eventts:time
        """),
    },
    "products": {
        "filter_intervals": _columns("filter_id:span filter_text:text"),
        "ref_huntblock_reasons": _columns("title:text event_key:text duration:big type:text is_allowed:flag"),
    },
    "providerevents": {
        "provider_state_changed": _columns("code:text objid:text state:text eventts:time"),
    },
    "scriptevents": {
        "script_start": _columns("type:text scrcode:text eventts:time"),
        "script_stop": _columns("type:text scrcode:text stoptype:text stopreason:text eventts:time"),
    },
    "selectorevents": {
        "sel_abon_state_changed": _columns("id:text num:text name:text selid:text state:text eventts:time"),
        "sel_create": _columns("id:text opts:text eventts:time"),
        "sel_delete": _columns("id:text reason:text eventts:time"),
        "sel_state_changed": _columns("id:text state:text eventts:time"),
        "sel_update": _columns("id:text opts:text eventts:time"),
        "sel_voting_state_changed": _columns("id:text name:text selid:text state:text info:text eventts:time"),
    },
    "sipuserevents": {
        "sipuser_state_changed": _columns("login:text state:text sys_iscopied:flag sys_copyid:big eventts:time"),
        "sipuser_transtate_set": _columns("""
            login:text state:text ttl:big strategy:text xinfo:text sys_iscopied:flag sys_copyid:big eventts:time
        """),
    },
    "sipusers": {
        "states": _columns("""
            eventid:big event_name:text login:text state:text dt_start:time dt_stop:time len:big xinfo:text
            strategy:text
        """),
    },
    "userevents": {
        "usr_state_changed": _columns("user_id:text state:text changed_by:text eventts:time"),
    },
}

#: schema, table -> columns that the protocol requires in every row.
NEEDED: dict[tuple[str, str], tuple[str, ...]] = {
    ("ivrhuntq", "huntq_calls"): ("inviteid",),
    ("sipuserevents", "sipuser_state_changed"): ("login", "state", "eventts"),
    ("sipuserevents", "sipuser_transtate_set"): ("login", "state", "eventts"),
    ("userevents", "usr_state_changed"): ("user_id",),
}

#: schema, table -> the column by whose month the table is partitioned. These are the tables that grow with calls.
PARTITION_KEYS: dict[tuple[str, str], str] = {
    **{("calls", table): "invitedt" for table in TABLES["calls"]},
    ("ivrhuntq", "huntq_calls"): "dt_enqueue",
    **{("ivrhuntqevents", table): "eventts" for table in TABLES["ivrhuntqevents"]},
}

#: Ringledger's own views, which readers query like the tables. `docs/channel.md` says what their figures mean.
VIEWS: dict[str, dict[str, Columns]] = {
    "metrics": {
        "calls": _columns("""
            chain:word inviteid:uuid invitedt:time direction:word result:word number:word line:word agent:word
            answered_at:time ended_at:time wait:int talk:big talks:int answered:int missed:int in_time:int
            recorded:flag reason:word
        """),
        "talks": _columns("""
            chain:word inviteid:uuid invitedt:time agent:word person:word direction:word number:word
            dialled_at:time started_at:time stopped_at:time ring:int talk:int transferred:flag
        """),
        "rings": _columns("""
            inviteid:uuid invitedt:time agent:word started_at:time answered_at:time answered:int reason:word
        """),
        "queue_calls": _columns("""
            chain:word inviteid:uuid queue:word number:word entered_at:time answered_at:time left_at:time
            result:word wait:int answered:int abandoned:int in_time:int
        """),
        "missed_calls": _columns("""
            inviteid:uuid invitedt:time number:word line:word wait:int reason:word reached_at:time
            reached_by:word reached_agent:word called_back:int
        """),
        "quarters": _columns("""
            day:date quarter:time direction:word line:word calls:int answered:int missed:int in_time:int
            waits:ints talks:ints rated:int wait:big talk:big
        """),
        "peaks": _columns("""
            day:date quarter:time most_calls:int most_talks:int
        """),
        "transfers": _columns("""
            day:date invitedt:time chain:word from_agent:word to_agent:word talk_before:int talk_after:int
        """),
        "agent_days": _columns("""
            day:date agent:word person:word incoming:int outgoing:int internal:int talk:big longest:int ring:big
            unanswered:int first_talk:time last_talk:time
        """),
        "live_legs": _columns("""
            chain:word provider:word extension:word device:word state:word began_at:time since:time
            from_number:word to_number:word reported_at:time
        """),
        "agents": _columns("agent:word person:word user_id:word"),
        "queues": _columns("queue:word person:word"),
        "last_event": _columns("accepted_at:time"),
        "reasons": _columns("""
            inviteid:uuid provider:word version:int complete:flag changed_at:time place:int reason:word
        """),
    },
}

#: Everything that readers may query.
READABLE: dict[str, dict[str, Columns]] = {**TABLES, **VIEWS}

_CALL_TABLES = frozenset({"calls.success", "calls.cancelled", "calls.failed", "calls.forks"})

#: schema.view -> the documented tables that decide about its rows; absent for views of the present state.
SOURCES: dict[str, frozenset[str]] = {
    "metrics.calls": _CALL_TABLES,
    "metrics.talks": frozenset({"calls.success"}),
    "metrics.rings": frozenset({"calls.forks"}),
    "metrics.queue_calls": frozenset({"ivrhuntq.huntq_calls"}),
    "metrics.missed_calls": _CALL_TABLES,
    "metrics.quarters": _CALL_TABLES,
    "metrics.peaks": _CALL_TABLES,
    "metrics.transfers": frozenset({"calls.success"}),
    "metrics.agent_days": frozenset({"calls.success", "calls.forks"}),
}
