-- Who may post webhooks: one row an address that was given to a PBX. The key in the address is computed from the id,
-- so nothing here is secret. A revoked extension keeps its row: what it posted before is still to be understood.

CREATE TABLE ledger.extensions (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider   text NOT NULL CHECK (provider IN ('telphin', 'mtt', 'native')),
    client     text NOT NULL,
    name       text NOT NULL,
    type       text NOT NULL CHECK (type IN ('phone', 'ivr', 'queue')),
    owner      text NOT NULL DEFAULT '',
    settings   jsonb NOT NULL DEFAULT '{}',
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    revoked_at timestamp with time zone
);
COMMENT ON COLUMN ledger.extensions.client IS 'The account at the provider; calls of different clients never meet.';
COMMENT ON COLUMN ledger.extensions.name IS 'As its PBX writes it, without the domain: 13596*106.';
COMMENT ON COLUMN ledger.extensions.owner IS 'The person or team behind it, for people to read.';
COMMENT ON COLUMN ledger.extensions.settings IS
    'external_only: leave out calls between two extensions; remote_id, agent_id: the provider''s own ids of it.';

CREATE UNIQUE INDEX extensions_live ON ledger.extensions (provider, client, name) WHERE revoked_at IS NULL;

-- The events that Ringledger itself ordered from a provider, so that it removes those and no others.
CREATE TABLE ledger.subscriptions (
    extension  integer NOT NULL REFERENCES ledger.extensions,
    resource   text NOT NULL,
    remote_id  text NOT NULL,
    event      text NOT NULL,
    url        text NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    PRIMARY KEY (resource, remote_id)
);
CREATE INDEX subscriptions_extension ON ledger.subscriptions (extension);
COMMENT ON COLUMN ledger.subscriptions.resource IS 'Where it lies at the provider: extension/1138241 or agent/136.';
COMMENT ON COLUMN ledger.subscriptions.remote_id IS 'The provider''s id of the event, needed to remove it.';
