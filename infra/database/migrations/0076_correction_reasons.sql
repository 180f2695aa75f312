-- Why a CRM did not delete a day, for operators who look later.

ALTER TABLE ledger.replication_corrections ADD reason text NOT NULL DEFAULT '';
COMMENT ON COLUMN ledger.replication_corrections.reason IS 'The words of the refusal; empty after any other outcome.';
