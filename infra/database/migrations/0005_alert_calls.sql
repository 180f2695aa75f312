-- Alert calls. The protocol names these ten tables and gives none of their columns: both columns are Ringledger's own.

CREATE SCHEMA alertcallevents;
COMMENT ON SCHEMA alertcallevents IS 'Automatic calling and alerts.';

CREATE TABLE alertcallevents.callinited (
    eventts timestamp without time zone,
    payload jsonb
);
COMMENT ON TABLE alertcallevents.callinited IS 'Columns are Ringledger''s own: the protocol gives none.';

CREATE TABLE alertcallevents.callpreanswered (
    eventts timestamp without time zone,
    payload jsonb
);
COMMENT ON TABLE alertcallevents.callpreanswered IS 'Columns are Ringledger''s own: the protocol gives none.';

CREATE TABLE alertcallevents.callapproved (
    eventts timestamp without time zone,
    payload jsonb
);
COMMENT ON TABLE alertcallevents.callapproved IS 'Columns are Ringledger''s own: the protocol gives none.';

CREATE TABLE alertcallevents.statechanged (
    eventts timestamp without time zone,
    payload jsonb
);
COMMENT ON TABLE alertcallevents.statechanged IS 'Columns are Ringledger''s own: the protocol gives none.';

CREATE TABLE alertcallevents.prepared (
    eventts timestamp without time zone,
    payload jsonb
);
COMMENT ON TABLE alertcallevents.prepared IS 'Columns are Ringledger''s own: the protocol gives none.';

CREATE TABLE alertcallevents.callrejected (
    eventts timestamp without time zone,
    payload jsonb
);
COMMENT ON TABLE alertcallevents.callrejected IS 'Columns are Ringledger''s own: the protocol gives none.';

CREATE TABLE alertcallevents.callstarted (
    eventts timestamp without time zone,
    payload jsonb
);
COMMENT ON TABLE alertcallevents.callstarted IS 'Columns are Ringledger''s own: the protocol gives none.';

CREATE TABLE alertcallevents.callanswered (
    eventts timestamp without time zone,
    payload jsonb
);
COMMENT ON TABLE alertcallevents.callanswered IS 'Columns are Ringledger''s own: the protocol gives none.';

CREATE TABLE alertcallevents.callfailed (
    eventts timestamp without time zone,
    payload jsonb
);
COMMENT ON TABLE alertcallevents.callfailed IS 'Columns are Ringledger''s own: the protocol gives none.';

CREATE TABLE alertcallevents.callfinished (
    eventts timestamp without time zone,
    payload jsonb
);
COMMENT ON TABLE alertcallevents.callfinished IS 'Columns are Ringledger''s own: the protocol gives none.';
