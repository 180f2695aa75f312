-- Copies of one webhook are told by a digest, short numbers are resolved at intake, calls close when they are due, and
-- a call that cannot be written is set aside.

ALTER TABLE ledger.events
    ADD digest bytea NOT NULL DEFAULT '',
    ADD inner_numbers text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN ledger.events.digest IS
    'A hash of what was posted and where; copies of one webhook share it. Empty for events stored before it existed.';
COMMENT ON COLUMN ledger.events.inner_numbers IS
    'The short numbers in the event that were extensions of the client at intake.';

-- Each copy stands behind the first one, so that a reader can skip them all.
DROP INDEX ledger.events_call;
CREATE INDEX events_call ON ledger.events (provider, client, call_id, digest, accepted_at, id) WHERE call_id <> '';

ALTER TABLE ledger.calls
    ADD close_at timestamp without time zone,
    ADD fault text NOT NULL DEFAULT '';
COMMENT ON COLUMN ledger.calls.close_at IS 'When an open call may be closed; null where the closing age decides.';
COMMENT ON COLUMN ledger.calls.fault IS
    'Why the rows of the call could not be written: it is set aside until a replay succeeds. Empty for others.';
CREATE INDEX calls_close_at ON ledger.calls (close_at) WHERE open AND close_at IS NOT NULL;
CREATE INDEX calls_set_aside ON ledger.calls (provider, client, id) WHERE fault <> '';
