-- When phones were in use, by call and leg. One call's hangup does not prove a phone idle: another may go on.
CREATE TABLE ledger.phone_talks (
    provider text NOT NULL,
    client   text NOT NULL,
    call_id  text NOT NULL,
    login    text NOT NULL,
    leg_id   text NOT NULL,
    since    timestamp without time zone NOT NULL,
    until    timestamp without time zone
);
COMMENT ON TABLE ledger.phone_talks IS 'Talks of the last weeks, by which the intervals in sipusers.states are made.';
COMMENT ON COLUMN ledger.phone_talks.until IS 'Null while the talk goes on.';
CREATE INDEX phone_talks_call ON ledger.phone_talks (provider, client, call_id);
CREATE INDEX phone_talks_login ON ledger.phone_talks (login, since);
