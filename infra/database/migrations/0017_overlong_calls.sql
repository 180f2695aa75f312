-- Of a call with more events than are interpreted, later ones change nothing: they are stored, and nothing is read.

ALTER TABLE ledger.calls ADD heeded_until timestamp without time zone;
COMMENT ON COLUMN ledger.calls.heeded_until IS
    'Of a call with too many events: when the last of those was accepted that are interpreted; null for others.';
CREATE INDEX calls_overlong ON ledger.calls (provider, client, id) WHERE heeded_until IS NOT NULL;
