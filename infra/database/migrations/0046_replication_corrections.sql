-- Days that were deleted at a CRM and created again there, and the calls of these days as they were before.

CREATE TABLE ledger.replication_corrections (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target      text NOT NULL,
    day         date NOT NULL,
    since       timestamp without time zone NOT NULL,
    until       timestamp without time zone NOT NULL,
    state       text NOT NULL CHECK (state IN ('deleting', 'creating', 'done')),
    holder      uuid NOT NULL,
    alive_until timestamp with time zone NOT NULL,
    known       bigint NOT NULL,
    deleted     bigint,
    reason      text NOT NULL DEFAULT '',
    started_at  timestamp with time zone NOT NULL DEFAULT now(),
    ended_at    timestamp with time zone
);
COMMENT ON COLUMN ledger.replication_corrections.since IS 'The day, naive UTC. The days beside it are offered again too.';
COMMENT ON COLUMN ledger.replication_corrections.known IS 'Calls of the day that the CRM was known to have.';
COMMENT ON COLUMN ledger.replication_corrections.deleted IS 'Calls that the CRM says it deleted.';
CREATE UNIQUE INDEX replication_corrections_open ON ledger.replication_corrections (target) WHERE ended_at IS NULL;

CREATE TABLE ledger.replication_corrected_calls (
    correction bigint NOT NULL REFERENCES ledger.replication_corrections ON DELETE CASCADE,
    call       bigint NOT NULL,
    content    jsonb NOT NULL,
    PRIMARY KEY (correction, call)
);
COMMENT ON COLUMN ledger.replication_corrected_calls.content IS 'The row of ledger.replication before the deletion.';
