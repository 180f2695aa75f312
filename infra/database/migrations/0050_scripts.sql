-- Which scripts of the Oktell interface a token may run, and the runs, whose values clients may fetch later.

ALTER TABLE ledger.tokens ADD COLUMN scripts text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN ledger.tokens.scripts IS 'Names of scripts that it may run; * stands for all of them.';
UPDATE ledger.tokens SET scripts = '{*}' WHERE 'oktell' = ANY (scopes);

CREATE TABLE ledger.script_runs (
    run         uuid PRIMARY KEY,
    script      text NOT NULL,
    integration text NOT NULL,
    started_at  timestamp with time zone NOT NULL DEFAULT now(),
    ended_at    timestamp with time zone,
    outcome     text NOT NULL DEFAULT 'running',
    reason      text NOT NULL DEFAULT '',
    value       text
);
COMMENT ON COLUMN ledger.script_runs.outcome IS 'running, or how it ended: final, error, timeout or type.';
CREATE INDEX script_runs_started_at ON ledger.script_runs (started_at);
