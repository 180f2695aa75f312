-- Who works here: the people of the Oktell interface, tied to the extensions and agents that webhooks tell of.

CREATE TABLE ledger.users (
    id                   uuid PRIMARY KEY,
    login                text NOT NULL,
    name                 text NOT NULL,
    department           text NOT NULL DEFAULT '',
    extension            text NOT NULL DEFAULT '',
    agent                text NOT NULL,
    number               text NOT NULL DEFAULT '',
    line                 text NOT NULL DEFAULT '',
    line_id              uuid NOT NULL,
    work_place           text NOT NULL DEFAULT '',
    groups               text[] NOT NULL DEFAULT '{}',
    on_call_center       boolean NOT NULL,
    on_redirect          boolean NOT NULL DEFAULT false,
    on_lunch             boolean NOT NULL DEFAULT false,
    lunch_reason_id      text NOT NULL DEFAULT '',
    lunch_reason_message text NOT NULL DEFAULT ''
);
COMMENT ON COLUMN ledger.users.extension IS 'As its PBX writes it, without the domain: 13596*106.';
COMMENT ON COLUMN ledger.users.agent IS 'The name under which userevents tells of them.';
COMMENT ON COLUMN ledger.users.number IS 'The internal number that reaches this user alone.';
COMMENT ON COLUMN ledger.users.groups IS 'Internal numbers that reach this user among others.';
COMMENT ON COLUMN ledger.users.on_lunch IS 'Whenever they get free they are in a break.';

CREATE UNIQUE INDEX users_login ON ledger.users (lower(login));
CREATE INDEX users_groups ON ledger.users USING gin (groups);
