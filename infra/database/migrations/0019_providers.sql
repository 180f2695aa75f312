-- The application knows its providers; the database keeps no list of them.

ALTER TABLE ledger.extensions DROP CONSTRAINT extensions_provider_check;
