-- Every accepted webhook as it came, append-only. Months are partitions: retention drops them whole.

CREATE TABLE ledger.events (
    accepted_at  timestamp without time zone NOT NULL,
    id           uuid NOT NULL,
    provider     text NOT NULL,
    client       text NOT NULL,
    call_id      text NOT NULL,
    extension    integer NOT NULL,
    generation   integer NOT NULL,
    method       text NOT NULL,
    query        text NOT NULL,
    content_type text NOT NULL,
    body         bytea NOT NULL,
    -- PostgreSQL wants the partition's key in every unique key; both parts travel in the message.
    PRIMARY KEY (accepted_at, id)
) PARTITION BY RANGE (accepted_at);
COMMENT ON COLUMN ledger.events.accepted_at IS 'When the webhook was accepted, UTC, as its message says.';
COMMENT ON COLUMN ledger.events.call_id IS 'The call''s id at its provider; empty for events that belong to no call.';
COMMENT ON COLUMN ledger.events.extension IS 'The extension whose address received it; 0 for events of our own.';

CREATE INDEX events_call ON ledger.events (provider, client, call_id) WHERE call_id <> '';

-- Whatever has no month of its own yet, so that a late `maintain` never refuses an event.
CREATE TABLE ledger.events_rest PARTITION OF ledger.events DEFAULT;

-- What was accepted and could not be understood, and messages that failed at each of their tries.
CREATE TABLE ledger.quarantine (
    id             text PRIMARY KEY,
    quarantined_at timestamp with time zone NOT NULL DEFAULT now(),
    provider       text NOT NULL,
    extension      integer NOT NULL,
    reason         text NOT NULL,
    message        bytea NOT NULL,
    retried_at     timestamp with time zone
);
COMMENT ON COLUMN ledger.quarantine.message IS 'The queue''s message, whole.';
COMMENT ON COLUMN ledger.quarantine.retried_at IS 'When a retry succeeded.';
CREATE INDEX quarantine_waiting ON ledger.quarantine (quarantined_at) WHERE retried_at IS NULL;
