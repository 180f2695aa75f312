-- Tokens with which integrations reach the HTTP surfaces. A value is never stored, only its digest.
-- A revoked token keeps its row, so that its name stays taken and its history readable.

CREATE TABLE ledger.tokens (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL UNIQUE,
    digest       bytea NOT NULL UNIQUE,
    scopes       text[] NOT NULL,
    created_at   timestamp with time zone NOT NULL DEFAULT now(),
    last_used_at timestamp with time zone,
    revoked_at   timestamp with time zone
);
COMMENT ON COLUMN ledger.tokens.last_used_at IS 'Kept to the minute: it is not written on each use.';
