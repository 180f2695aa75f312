-- A call of some providers has several ids. One of them, the head, holds the rows of all; the others lead to it.

ALTER TABLE ledger.calls ADD head text NOT NULL DEFAULT '';
COMMENT ON COLUMN ledger.calls.head IS
    'The id of the call that this one was joined with, which holds the rows of both; empty for calls that hold their own.';
CREATE INDEX calls_joined ON ledger.calls (provider, client, head) WHERE head <> '';

CREATE TABLE ledger.call_parts (
    provider    text NOT NULL,
    client      text NOT NULL,
    part        text NOT NULL,
    call_id     text NOT NULL,
    accepted_at timestamp without time zone NOT NULL,
    PRIMARY KEY (provider, client, part)
);
COMMENT ON TABLE ledger.call_parts IS
    'What takes part in a call and in no other, such as its channels: ids of calls that share a part are ids of one call.';
CREATE INDEX call_parts_accepted_at ON ledger.call_parts (accepted_at);
