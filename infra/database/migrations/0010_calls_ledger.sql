-- What Ringledger knows of calls beside their documented rows. A row of ledger.calls is also the call's lock:
-- whoever writes rows of a call holds it, and takes several of them in the order of their key.

CREATE TABLE ledger.calls (
    provider          text NOT NULL,
    client            text NOT NULL,
    id                text NOT NULL,
    first_accepted_at timestamp without time zone NOT NULL,
    last_accepted_at  timestamp without time zone NOT NULL,
    version           integer NOT NULL DEFAULT 0,
    open              boolean NOT NULL DEFAULT true,
    flags             text[] NOT NULL DEFAULT '{}',
    relations         text[] NOT NULL DEFAULT '{}',
    live              jsonb,
    frozen            boolean NOT NULL DEFAULT false,
    late              boolean NOT NULL DEFAULT false,
    PRIMARY KEY (provider, client, id)
) WITH (fillfactor = 80);
COMMENT ON COLUMN ledger.calls.version IS 'Grows by one whenever a row of the call changes.';
COMMENT ON COLUMN ledger.calls.open IS 'Something of the call is still awaited.';
COMMENT ON COLUMN ledger.calls.flags IS 'What is odd about the call, such as an end that never came.';
COMMENT ON COLUMN ledger.calls.relations IS 'The documented tables that hold rows of the call.';
COMMENT ON COLUMN ledger.calls.live IS 'Legs and talks that are on now; null when nothing is.';
COMMENT ON COLUMN ledger.calls.frozen IS 'Retention dropped raw events of the call: its rows stay as they are.';
COMMENT ON COLUMN ledger.calls.late IS 'Events came after that; they are kept raw.';
CREATE INDEX calls_open ON ledger.calls (last_accepted_at) WHERE open;
CREATE INDEX calls_live ON ledger.calls (provider, client) WHERE live IS NOT NULL;
CREATE INDEX calls_first_accepted ON ledger.calls (first_accepted_at) WHERE NOT frozen;
CREATE INDEX calls_frozen ON ledger.calls (last_accepted_at) WHERE frozen;

CREATE TABLE ledger.records (
    inviteid     uuid PRIMARY KEY,
    provider     text NOT NULL,
    client       text NOT NULL,
    call_id      text NOT NULL,
    version      integer NOT NULL DEFAULT 1,
    complete     boolean NOT NULL,
    facts        jsonb NOT NULL,
    changed_at   timestamp with time zone NOT NULL DEFAULT now(),
    gone_at      timestamp with time zone,
    successor    uuid
);
COMMENT ON TABLE ledger.records IS 'Beside each record of a call: its version and why it is what it is.';
COMMENT ON COLUMN ledger.records.facts IS 'Reasons of each decision, and what has no documented column.';
COMMENT ON COLUMN ledger.records.gone_at IS 'Since when it no longer follows from the events: a tombstone.';
CREATE INDEX records_call ON ledger.records (provider, client, call_id);
CREATE INDEX records_changed_at ON ledger.records (changed_at);

-- Extensions and agents as they are now; a row is also the lock on the history of its name.
CREATE TABLE ledger.presence (
    kind    text NOT NULL,
    name    text NOT NULL,
    state   text NOT NULL DEFAULT '',
    since   timestamp without time zone,
    PRIMARY KEY (kind, name)
) WITH (fillfactor = 80);
COMMENT ON COLUMN ledger.presence.kind IS 'extension or agent.';

-- Rows that a PBX gave us ready-made. The documented tables have no unique keys, so this makes a repetition harmless.
CREATE TABLE ledger.native_rows (
    digest bytea PRIMARY KEY,
    relation text NOT NULL,
    accepted_at timestamp without time zone NOT NULL
);

CREATE TABLE ledger.forgotten (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    forgotten_at timestamp with time zone NOT NULL DEFAULT now(),
    touched      jsonb NOT NULL
);
COMMENT ON TABLE ledger.forgotten IS 'Lawful requests to erase a number: when, and in how many rows of which table; never the number.';
