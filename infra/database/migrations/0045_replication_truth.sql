-- What a CRM has of a call beside what is true now, who refused it, and when it is offered again.

ALTER TABLE ledger.replication
    ADD present jsonb,
    ADD sent_as jsonb,
    ADD refused text[] NOT NULL DEFAULT '{}',
    ADD refusals integer NOT NULL DEFAULT 0,
    ADD offer_after timestamp with time zone,
    DROP CONSTRAINT replication_state_check,
    ADD CONSTRAINT replication_state_check
        CHECK (state IN ('pending', 'delivered', 'rejected', 'maybe_delivered', 'withdrawn'));
COMMENT ON COLUMN ledger.replication.state IS
    'maybe_delivered: refused after an answer to the same call was lost. withdrawn: not to be sent, or deleted at the CRM.';
COMMENT ON COLUMN ledger.replication.present IS
    'The call as it is now, where the CRM may have another version: initiated, source, destination, duration, url.';
COMMENT ON COLUMN ledger.replication.sent_as IS
    'The key under which another program told the CRM of the call: initiated, source, destination.';
COMMENT ON COLUMN ledger.replication.refused IS 'The parameters that the CRM refused.';
COMMENT ON COLUMN ledger.replication.refusals IS 'How often in a row the CRM refused it.';
COMMENT ON COLUMN ledger.replication.offer_after IS 'No full run offers the refused call again before this time.';

UPDATE ledger.replication SET refusals = 1, refused = array_remove(ARRAY[
    CASE WHEN reason LIKE '%"destination": %' THEN 'destination' END,
    CASE WHEN reason LIKE '%"source": %' THEN 'source' END
], NULL) WHERE state = 'rejected';
UPDATE ledger.replication SET state = 'withdrawn' WHERE state = 'rejected' AND reason = 'the call is gone';

-- The padding of char(n) columns was part of numbers.
UPDATE ledger.replication AS padded SET source = btrim(source)
WHERE origin = 'cdr' AND source <> btrim(source) AND NOT EXISTS (
    SELECT FROM ledger.replication AS plain
    WHERE plain.target = padded.target AND plain.initiated = padded.initiated
        AND plain.destination = padded.destination AND plain.source = btrim(padded.source)
);

DROP INDEX ledger.replication_rejected;
CREATE INDEX replication_refused ON ledger.replication (target, initiated)
    WHERE state IN ('rejected', 'maybe_delivered');
CREATE INDEX replication_claimed ON ledger.replication (target, claimed_until) WHERE claimed_until IS NOT NULL;

ALTER TABLE ledger.replication_runs
    ADD maybe_delivered bigint NOT NULL DEFAULT 0,
    ADD offered_again bigint NOT NULL DEFAULT 0,
    ADD waiting bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT replication_runs_kind_check,
    ADD CONSTRAINT replication_runs_kind_check
        CHECK (kind IN ('incremental', 'full', 'since', 'retry', 'adopt'));
COMMENT ON COLUMN ledger.replication_runs.maybe_delivered IS 'Refused after an answer to the same call was lost.';
COMMENT ON COLUMN ledger.replication_runs.offered_again IS 'Refused calls that a full run offered again.';
COMMENT ON COLUMN ledger.replication_runs.waiting IS 'Calls that another process held when the run ended.';

ALTER TABLE ledger.replication_cursors
    ADD away_since timestamp with time zone,
    ADD away_reason text NOT NULL DEFAULT '';
COMMENT ON COLUMN ledger.replication_cursors.away_reason IS 'Why the source could not be read the last time.';
