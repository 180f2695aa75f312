-- Messages that were received several times although no attempt recorded a fault: the consumer may have died of them.
-- An attempt is noted before it begins, and the row goes when it ends.
CREATE TABLE ledger.suspects (
    message_id text PRIMARY KEY,
    attempts integer NOT NULL,
    tried_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
