-- Agents, subscribers, outer lines, scripts and reference data.

CREATE SCHEMA products;
COMMENT ON SCHEMA products IS 'Reference data.';

CREATE TABLE products.filter_intervals (
    filter_id   interval,
    filter_text character varying
);
COMMENT ON TABLE products.filter_intervals IS 'Periods that a report form offers.';

CREATE TABLE products.ref_huntblock_reasons (
    title      character varying,
    event_key  character varying,
    duration   bigint,
    type       character varying,
    is_allowed boolean
);
COMMENT ON TABLE products.ref_huntblock_reasons IS 'Reasons for which an agent may be out of the queue.';

CREATE SCHEMA providerevents;
COMMENT ON SCHEMA providerevents IS 'States of outer SIP lines.';

CREATE TABLE providerevents.provider_state_changed (
    code    character varying,
    objid   character varying,
    state   character varying,
    eventts timestamp without time zone
);
COMMENT ON TABLE providerevents.provider_state_changed IS 'An outer SIP line became available or unavailable.';

CREATE SCHEMA scriptevents;
COMMENT ON SCHEMA scriptevents IS 'Scripts.';

CREATE TABLE scriptevents.script_start (
    type    character varying,
    scrcode character varying,
    eventts timestamp without time zone
);
COMMENT ON TABLE scriptevents.script_start IS 'A script began.';

CREATE TABLE scriptevents.script_stop (
    type       character varying,
    scrcode    character varying,
    stoptype   character varying,
    stopreason character varying,
    eventts    timestamp without time zone
);
COMMENT ON TABLE scriptevents.script_stop IS 'A script ended.';

CREATE SCHEMA sipuserevents;
COMMENT ON SCHEMA sipuserevents IS 'States of SIP subscribers.';

CREATE TABLE sipuserevents.sipuser_state_changed (
    login        character varying NOT NULL,
    state        character varying NOT NULL,
    sys_iscopied boolean DEFAULT false,
    sys_copyid   bigint,
    eventts      timestamp without time zone NOT NULL
);
COMMENT ON TABLE sipuserevents.sipuser_state_changed IS 'A SIP subscriber changed state.';

CREATE TABLE sipuserevents.sipuser_transtate_set (
    login        character varying NOT NULL,
    state        character varying NOT NULL,
    ttl          bigint,
    strategy     character varying,
    xinfo        character varying,
    sys_iscopied boolean DEFAULT false,
    sys_copyid   bigint,
    eventts      timestamp without time zone NOT NULL
);
COMMENT ON TABLE sipuserevents.sipuser_transtate_set IS 'A SIP subscriber was put into a temporary state for ttl seconds.';

CREATE SCHEMA sipusers;
COMMENT ON SCHEMA sipusers IS 'Activity of SIP subscribers.';

CREATE TABLE sipusers.states (
    eventid    bigint,
    event_name character varying,
    login      character varying,
    state      character varying,
    dt_start   timestamp without time zone,
    dt_stop    timestamp without time zone,
    len        bigint,
    xinfo      character varying,
    strategy   character varying
);
COMMENT ON TABLE sipusers.states IS 'Intervals between neighbouring states of a SIP subscriber; len is whole seconds.';

CREATE SCHEMA userevents;
COMMENT ON SCHEMA userevents IS 'Activity of agents.';

CREATE TABLE userevents.usr_state_changed (
    user_id    character varying NOT NULL,
    state      character varying,
    changed_by character varying,
    eventts    timestamp without time zone
);
COMMENT ON TABLE userevents.usr_state_changed IS 'An agent changed state, or someone changed it for them.';
