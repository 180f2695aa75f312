-- Conferences.

CREATE SCHEMA selectorevents;
COMMENT ON SCHEMA selectorevents IS 'Conferences.';

CREATE TABLE selectorevents.sel_abon_state_changed (
    id      character varying,
    num     character varying,
    name    character varying,
    selid   character varying,
    state   character varying,
    eventts timestamp without time zone
);
COMMENT ON TABLE selectorevents.sel_abon_state_changed IS 'A participant of a conference changed state.';

CREATE TABLE selectorevents.sel_create (
    id      character varying,
    opts    character varying,
    eventts timestamp without time zone
);
COMMENT ON TABLE selectorevents.sel_create IS 'A conference was created.';

CREATE TABLE selectorevents.sel_delete (
    id      character varying,
    reason  character varying,
    eventts timestamp without time zone
);
COMMENT ON TABLE selectorevents.sel_delete IS 'A conference was deleted.';

CREATE TABLE selectorevents.sel_state_changed (
    id      character varying,
    state   character varying,
    eventts timestamp without time zone
);
COMMENT ON TABLE selectorevents.sel_state_changed IS 'A conference changed state.';

CREATE TABLE selectorevents.sel_update (
    id      character varying,
    opts    character varying,
    eventts timestamp without time zone
);
COMMENT ON TABLE selectorevents.sel_update IS 'The options of a conference were changed.';

CREATE TABLE selectorevents.sel_voting_state_changed (
    id      character varying,
    name    character varying,
    selid   character varying,
    state   character varying,
    info    character varying,
    eventts timestamp without time zone
);
COMMENT ON TABLE selectorevents.sel_voting_state_changed IS 'A vote of a conference changed state.';
