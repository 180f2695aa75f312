-- Work that an operator orders through the surface `operations`, and that takes longer than a request may.
CREATE TABLE ledger.jobs (
    id          uuid PRIMARY KEY,
    kind        text NOT NULL,
    parameters  jsonb NOT NULL,
    created_by  text NOT NULL,
    created_at  timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    position    text NOT NULL DEFAULT '',
    done        bigint NOT NULL DEFAULT 0,
    total       bigint,
    alive_until timestamp,
    ended_at    timestamp,
    failure     text NOT NULL DEFAULT '',
    result      jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON COLUMN ledger.jobs.created_by IS 'The name of the token with which it was ordered.';
COMMENT ON COLUMN ledger.jobs.position IS 'The place at which another process goes on with it.';
COMMENT ON COLUMN ledger.jobs.alive_until IS 'Until then its process has time for the next step; later, another may take over.';
CREATE INDEX jobs_created_at ON ledger.jobs (created_at DESC);
