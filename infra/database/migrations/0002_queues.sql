-- Queues. huntq_id is a uuid in one table and text in the others: so it is in the protocol.

CREATE SCHEMA ivrhuntq;
COMMENT ON SCHEMA ivrhuntq IS 'How calls went through queues.';

CREATE TABLE ivrhuntq.huntq_calls (
    inviteid         uuid NOT NULL,
    huntq_id         uuid,
    callid           character varying,
    esgdlg           character varying,
    from_user        character varying,
    from_displayname character varying,
    qid              character varying,
    enqueue_result   character varying,
    start_call_uid   uuid,
    dequeue_result   character varying,
    dequeue_reason   character varying,
    banned_user      uuid,
    final_stopreason character varying,
    dt_greet         timestamp without time zone,
    dt_enqueue       timestamp without time zone,
    dt_start_call    timestamp without time zone,
    dt_dequeue       timestamp without time zone,
    dt_preivr        timestamp without time zone,
    dt_userban       timestamp without time zone,
    dt_quit          timestamp without time zone,
    dt_final         timestamp without time zone
);
COMMENT ON TABLE ivrhuntq.huntq_calls IS 'One row for each passage of a call through a queue.';

CREATE SCHEMA ivrhuntqevents;
COMMENT ON SCHEMA ivrhuntqevents IS 'What happened to queues and the calls in them.';

CREATE TABLE ivrhuntqevents.final (
    huntq_id   character varying,
    callid     character varying,
    inviteid   uuid,
    esgdlg     character varying,
    stopreason character varying,
    eventts    timestamp without time zone
);
COMMENT ON TABLE ivrhuntqevents.final IS 'The call left the queue for good.';

CREATE TABLE ivrhuntqevents.queue_dequeue (
    qid              character varying,
    huntq_id         character varying,
    from_user        character varying,
    from_displayname character varying,
    callid           character varying,
    inviteid         uuid,
    esgdlg           character varying,
    result           character varying,
    reason           character varying,
    eventts          timestamp without time zone
);
COMMENT ON TABLE ivrhuntqevents.queue_dequeue IS 'The queue gave the call to an agent, or gave it up.';

CREATE TABLE ivrhuntqevents.queue_enqueue (
    qid       character varying,
    huntq_id  character varying,
    callid    character varying,
    inviteid  uuid,
    esgdlg    character varying,
    from_user character varying,
    result    character varying,
    eventts   timestamp without time zone
);
COMMENT ON TABLE ivrhuntqevents.queue_enqueue IS 'The call was put into the queue.';

CREATE TABLE ivrhuntqevents.queue_greeting (
    huntq_id         character varying,
    qivrscript       character varying,
    callid           character varying,
    inviteid         uuid,
    esgdlg           character varying,
    from_user        character varying,
    from_displayname character varying,
    sys_iscopied     boolean DEFAULT false,
    sys_copyid       bigint,
    eventts          timestamp without time zone
);
COMMENT ON TABLE ivrhuntqevents.queue_greeting IS 'The queue greeted the caller.';

CREATE TABLE ivrhuntqevents.queue_preivr_start (
    qid      character varying,
    userid   character varying,
    callid   character varying,
    inviteid uuid,
    esgdlg   character varying,
    eventts  timestamp without time zone
);
COMMENT ON TABLE ivrhuntqevents.queue_preivr_start IS 'The script that runs before the agent is joined was started.';

CREATE TABLE ivrhuntqevents.queue_quit (
    qid       character varying,
    from_user character varying,
    callid    character varying,
    inviteid  uuid,
    esgdlg    character varying,
    eventts   timestamp without time zone
);
COMMENT ON TABLE ivrhuntqevents.queue_quit IS 'The caller left the queue.';

CREATE TABLE ivrhuntqevents.queue_start_call (
    qid      character varying,
    userid   character varying,
    callid   character varying,
    inviteid uuid,
    esgdlg   character varying,
    eventts  timestamp without time zone
);
COMMENT ON TABLE ivrhuntqevents.queue_start_call IS 'The queue began to call an agent.';

CREATE TABLE ivrhuntqevents.queue_userban (
    qid      character varying,
    huntq_id character varying,
    callid   character varying,
    inviteid uuid,
    esgdlg   character varying,
    userid   character varying,
    eventts  timestamp without time zone
);
COMMENT ON TABLE ivrhuntqevents.queue_userban IS 'The queue stopped offering calls to an agent who did not answer.';
