-- A correction deletes one day's calls at a CRM and creates them again. Meanwhile nothing of these days is sent.

CREATE TABLE ledger.replication_corrections (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target     text NOT NULL,
    day        date NOT NULL,
    since      timestamp without time zone NOT NULL,
    until      timestamp without time zone NOT NULL,
    holder     uuid NOT NULL,
    held_until timestamp with time zone NOT NULL,
    outcome    text NOT NULL DEFAULT '',
    known      bigint,
    deleted    bigint,
    started_at timestamp with time zone NOT NULL DEFAULT now(),
    ended_at   timestamp with time zone
);
COMMENT ON COLUMN ledger.replication_corrections.since IS
    'Calls from then to before `until`, naive UTC, are not sent before `held_until`: the day and its neighbours.';
COMMENT ON COLUMN ledger.replication_corrections.outcome IS
    'deleted: the CRM confirmed it. refused: the CRM deleted nothing. Empty: it broke off, so that the CRM may have deleted the day.';
COMMENT ON COLUMN ledger.replication_corrections.known IS 'The calls of the day that the CRM had, by the ledger.';
COMMENT ON COLUMN ledger.replication_corrections.deleted IS 'The calls that the CRM says it has deleted.';
CREATE INDEX replication_corrections_held ON ledger.replication_corrections (target, held_until);

ALTER TABLE ledger.replication_runs
    DROP CONSTRAINT replication_runs_kind_check,
    ADD CONSTRAINT replication_runs_kind_check
        CHECK (kind IN ('incremental', 'full', 'since', 'retry', 'adopt', 'correct'));
