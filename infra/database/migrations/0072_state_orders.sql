-- Changes of users' states on their way to the PBX, so that it gets those of one user in the order of acceptance.

CREATE TABLE ledger.state_orders (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id       uuid NOT NULL,
    integration   text NOT NULL,
    parameters    jsonb NOT NULL,
    ordered_at    timestamp with time zone NOT NULL DEFAULT now(),
    claimed_until timestamp with time zone
);
CREATE INDEX state_orders_user_id ON ledger.state_orders (user_id, id);
COMMENT ON TABLE ledger.state_orders IS
    'The first change of a user is sent by whoever claims it, and then the next: no other request sends one meanwhile.';
