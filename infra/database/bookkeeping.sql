-- Where the migration runner notes what it applied; run before each look at it.

CREATE SCHEMA IF NOT EXISTS ledger;
COMMENT ON SCHEMA ledger IS 'Ringledger''s own tables: no report reads them.';

CREATE TABLE IF NOT EXISTS ledger.migrations (
    name       text PRIMARY KEY,
    checksum   text NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT now()
);
