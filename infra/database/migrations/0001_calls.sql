-- The schema of calls. Names and types are those of the statistics channel's protocol, to the letter.

CREATE SCHEMA calls;
COMMENT ON SCHEMA calls IS 'Calls and what belongs to each of them; inviteid and invitedt join these tables.';

CREATE TABLE calls.success (
    inviteid        uuid,
    invitedt        timestamp without time zone,
    acallid         character varying,
    bcallid         character varying,
    anumber         character varying,
    ausername       character varying,
    adomain         character varying,
    adisplayname    character varying,
    anetworkaddr    character varying,
    acallednum      character varying,
    arepresentative character varying,
    aouter          boolean,
    aprovidercode   character varying,
    bnumber         character varying,
    busername       character varying,
    bdomain         character varying,
    bdisplayname    character varying,
    bnetworkaddr    character varying,
    bouter          boolean,
    bprovidercode   character varying,
    dial_dt         timestamp without time zone,
    start_dt        timestamp without time zone,
    stop_dt         timestamp without time zone,
    dial_duration   integer,
    duration        integer,
    stopreason      character varying,
    isrec           boolean,
    callrecpath     character varying,
    callstoragecode character varying,
    callrecsize     bigint,
    callrecdel_dt   timestamp without time zone,
    recordruleid    uuid,
    storageruleid   uuid,
    recdomain       character varying,
    recexpirets     timestamp without time zone,
    sys_recdelts    bigint,
    dlgbinding      character varying,
    esgdlg          character varying,
    isreplacing     boolean
);
COMMENT ON TABLE calls.success IS 'Calls that were talked on: side B answered. Times are UTC, durations whole seconds.';
COMMENT ON COLUMN calls.success.recexpirets IS 'When the recording will be deleted, UTC.';
COMMENT ON COLUMN calls.success.esgdlg IS 'Call-ID of the outer side: one value along a chain of transfers.';
COMMENT ON COLUMN calls.success.dial_duration IS 'Seconds between dial_dt and start_dt.';
COMMENT ON COLUMN calls.success.duration IS 'Seconds between start_dt and stop_dt.';

CREATE TABLE calls.cancelled (
    inviteid        uuid,
    invitedt        timestamp without time zone,
    dial_dt         timestamp without time zone,
    stop_dt         timestamp without time zone,
    fromnumber      character varying,
    fromusername    character varying,
    fromdomain      character varying,
    fromouter       boolean,
    fromprovidercod character varying,
    callednum       character varying,
    networkaddr     character varying,
    stoptype        character varying,
    stopreason      character varying
);
COMMENT ON TABLE calls.cancelled IS 'Calls that rang at side B and were not answered: missed, busy, given up.';
COMMENT ON COLUMN calls.cancelled.fromprovidercod IS 'Provider code of side A; the protocol spells it without its last letter.';
COMMENT ON COLUMN calls.cancelled.stoptype IS 'SIP code of the end.';

CREATE TABLE calls.failed (
    inviteid        uuid,
    invitedt        timestamp without time zone,
    fromnumber      character varying,
    fromusername    character varying,
    fromdomain      character varying,
    fromouter       boolean,
    fromprovidercod character varying,
    callednum       character varying,
    networkaddr     character varying,
    sipcode         character varying,
    reason          character varying
);
COMMENT ON TABLE calls.failed IS 'Attempts that never rang anywhere: unknown number, no registered device, line away, dialling not allowed.';
COMMENT ON COLUMN calls.failed.fromprovidercod IS 'Provider code of side A; the protocol spells it without its last letter.';

CREATE TABLE calls.holds (
    inviteid  uuid,
    invitedt  timestamp without time zone,
    side      character varying,
    hold_dt   timestamp without time zone,
    unhold_dt timestamp without time zone,
    eventid   uuid
);
COMMENT ON TABLE calls.holds IS 'A row for each time that a side put a talk on hold.';

CREATE TABLE calls.routes (
    inviteid        uuid,
    invitedt        timestamp without time zone,
    event_dt        timestamp without time zone,
    eventid         uuid,
    vectorcode      character varying,
    ruleid          uuid,
    routeaction     character varying,
    routedomain     character varying,
    providercode    character varying,
    featurecodeid   uuid,
    featurecodetype character varying,
    featurenumber   character varying
);
COMMENT ON TABLE calls.routes IS 'Routing rules that a call ran through; the last by time took effect, those before could not be applied.';

CREATE TABLE calls.forks (
    inviteid       uuid,
    invitedt       timestamp without time zone,
    busername      character varying,
    bdomain        character varying,
    bnetworkaddr   character varying,
    bouter         boolean,
    bprovidercode  character varying,
    ispreanswered  boolean,
    isanswered     boolean,
    forkstart_dt   timestamp without time zone,
    forkpreansw_dt timestamp without time zone,
    forkansw_dt    timestamp without time zone,
    sipcode        integer,
    reason         character varying,
    eventid        uuid
);
COMMENT ON TABLE calls.forks IS 'A row for each device of side B that was rung; exactly one of a success row has isanswered.';
