-- Saved queries of the statistics channel. Ringledger's own reports are files of the bundle; a row of their name replaces
-- one, or removes it where there is no definition.

CREATE TABLE ledger.reports (
    name       text PRIMARY KEY,
    definition jsonb,
    changed_at timestamp with time zone NOT NULL DEFAULT now(),
    changed_by text NOT NULL
);
COMMENT ON TABLE ledger.reports IS 'Saved queries of the statistics channel.';
COMMENT ON COLUMN ledger.reports.definition IS 'Title, query and parameters; null removes a report of Ringledger''s own.';
COMMENT ON COLUMN ledger.reports.changed_by IS 'The name of the token that saved it, or `operator`.';
