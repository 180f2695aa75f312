-- What CRMs are told of calls. A row is one call for one CRM, under the key by which that CRM knows it; it begins as
-- pending and ends as delivered or rejected, on the CRM's own word alone. Whoever sends it holds a claim on it meanwhile.

CREATE TABLE ledger.replication (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target        text NOT NULL,
    initiated     timestamp without time zone NOT NULL,
    source        text NOT NULL,
    destination   text NOT NULL,
    duration      integer NOT NULL,
    url           text NOT NULL,
    origin        text NOT NULL,
    reference     text NOT NULL,
    state         text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'rejected')),
    reason        text NOT NULL DEFAULT '',
    contact_id    text NOT NULL DEFAULT '',
    phonecall_id  text NOT NULL DEFAULT '',
    correction    text NOT NULL DEFAULT '',
    attempts      integer NOT NULL DEFAULT 0,
    doubtful      boolean NOT NULL DEFAULT false,
    claimed_by    uuid,
    claimed_until timestamp with time zone,
    tried_by      bigint,
    entered_at    timestamp with time zone NOT NULL DEFAULT now(),
    answered_at   timestamp with time zone,
    -- The target last: before it has statistics, the planner takes an index that begins with it for a selective one.
    UNIQUE (initiated, destination, source, target)
) WITH (fillfactor = 90);
COMMENT ON COLUMN ledger.replication.initiated IS 'UTC, as it is sent.';
COMMENT ON COLUMN ledger.replication.origin IS 'Where the call was read: calls are our own, cdr is an Asterisk''s.';
COMMENT ON COLUMN ledger.replication.reference IS 'What its origin calls it: inviteid, uniqueid.';
COMMENT ON COLUMN ledger.replication.reason IS 'Why it is not delivered, in the CRM''s words where it said something.';
COMMENT ON COLUMN ledger.replication.correction IS 'How the call has changed since the CRM was told of it.';
COMMENT ON COLUMN ledger.replication.doubtful IS 'It was sent and the answer lost, so that the CRM may have it.';
COMMENT ON COLUMN ledger.replication.tried_by IS 'The run that sent it last without getting an answer that counts.';

CREATE INDEX replication_pending ON ledger.replication (target, attempts, initiated) WHERE state = 'pending';
CREATE INDEX replication_rejected ON ledger.replication (target, initiated) WHERE state = 'rejected';
CREATE INDEX replication_corrected ON ledger.replication (target, initiated) WHERE correction <> '';
CREATE INDEX replication_reference ON ledger.replication (reference, target) WHERE reference <> '';

-- One row a run, whole or not: a run that was cut off is taken up where its position says.
CREATE TABLE ledger.replication_runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target      text NOT NULL,
    origin      text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('incremental', 'full', 'since', 'retry')),
    resend      boolean NOT NULL,
    since       timestamp without time zone NOT NULL,
    until       timestamp without time zone NOT NULL,
    position    text NOT NULL DEFAULT '',
    read_whole  boolean NOT NULL DEFAULT false,
    holder      uuid NOT NULL,
    alive_until timestamp with time zone NOT NULL,
    started_at  timestamp with time zone NOT NULL DEFAULT now(),
    ended_at    timestamp with time zone,
    outcome     text NOT NULL DEFAULT '',
    read        bigint NOT NULL DEFAULT 0,
    left_out    bigint NOT NULL DEFAULT 0,
    existing    bigint NOT NULL DEFAULT 0,
    corrected   bigint NOT NULL DEFAULT 0,
    sent        bigint NOT NULL DEFAULT 0,
    delivered   bigint NOT NULL DEFAULT 0,
    rejected    bigint NOT NULL DEFAULT 0,
    retried     bigint NOT NULL DEFAULT 0,
    uncertain   bigint NOT NULL DEFAULT 0,
    undelivered bigint NOT NULL DEFAULT 0,
    seconds     double precision NOT NULL DEFAULT 0
);
COMMENT ON COLUMN ledger.replication_runs.existing IS 'Calls that were read and known from an earlier reading.';
COMMENT ON COLUMN ledger.replication_runs.retried IS 'Requests beyond the first of a record.';
COMMENT ON COLUMN ledger.replication_runs.uncertain IS 'Records sent again after an answer was lost.';
CREATE INDEX replication_runs_open ON ledger.replication_runs (target) WHERE ended_at IS NULL;

CREATE TABLE ledger.replication_cursors (
    target       text NOT NULL,
    origin       text NOT NULL,
    acknowledged timestamp without time zone,
    PRIMARY KEY (target, origin)
);
COMMENT ON COLUMN ledger.replication_cursors.acknowledged IS
    'The CRM has answered for every call that began before; null before the first whole reading. A row is also the lock of its reader.';
