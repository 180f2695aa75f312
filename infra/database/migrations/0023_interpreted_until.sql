-- A plain name.

ALTER TABLE ledger.calls RENAME heeded_until TO interpreted_until;
