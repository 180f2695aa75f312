-- Calls that integrations started: what the PBX calls them ties them to the webhooks that follow.

CREATE TABLE ledger.started_calls (
    id          uuid PRIMARY KEY,
    started_at  timestamp with time zone NOT NULL DEFAULT now(),
    integration text NOT NULL,
    user_id     uuid NOT NULL,
    number      text NOT NULL,
    connector   text NOT NULL,
    call_id     text NOT NULL DEFAULT '',
    handle      text NOT NULL DEFAULT '',
    stopped_at  timestamp with time zone
);
COMMENT ON COLUMN ledger.started_calls.id IS 'Webhooks of a PBX that was told it have it as CallBackID.';
COMMENT ON COLUMN ledger.started_calls.call_id IS 'The CallID that its webhooks carry, where the PBX said so.';
COMMENT ON COLUMN ledger.started_calls.handle IS 'By which the PBX ends it, such as Telphin''s CallAPIID.';
CREATE INDEX started_calls_user ON ledger.started_calls (user_id, started_at DESC);
CREATE INDEX started_calls_call ON ledger.started_calls (call_id) WHERE call_id <> '';

-- Received facsimiles, which the Oktell interface gives out by their code.
CREATE TABLE ledger.faxes (
    id           uuid PRIMARY KEY,
    added_at     timestamp with time zone NOT NULL DEFAULT now(),
    key          text NOT NULL,
    name         text NOT NULL,
    content_type text NOT NULL
);
