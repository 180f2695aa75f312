-- Orders for the agent program beside a PBX: each is waiting until an agent takes it, or withdrawn if none does in time.

CREATE TABLE ledger.call_orders (
    id          uuid PRIMARY KEY,
    command     text NOT NULL,
    integration text NOT NULL,
    user_id     uuid NOT NULL,
    ordered_at  timestamp with time zone NOT NULL DEFAULT now(),
    expires_at  timestamp with time zone NOT NULL,
    outcome     text NOT NULL DEFAULT 'waiting' CHECK (outcome IN ('waiting', 'taken', 'done', 'failed', 'withdrawn')),
    taken_by    text NOT NULL DEFAULT '',
    taken_at    timestamp with time zone,
    ended_at    timestamp with time zone,
    reason      text NOT NULL DEFAULT '',
    call_id     text NOT NULL DEFAULT ''
);
COMMENT ON COLUMN ledger.call_orders.taken_by IS 'The token of the agent program that carries it out.';
COMMENT ON COLUMN ledger.call_orders.reason IS 'Why the PBX did not carry it out.';
COMMENT ON COLUMN ledger.call_orders.call_id IS 'The id of the started call in webhooks.';
CREATE INDEX call_orders_ordered_at ON ledger.call_orders (ordered_at);
