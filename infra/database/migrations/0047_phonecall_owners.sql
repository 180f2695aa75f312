-- Which integration a phone call belongs to, what was deleted, what was refused, and who guesses tokens.

ALTER TABLE ledger.phonecalls ADD integration text NOT NULL DEFAULT '';
COMMENT ON COLUMN ledger.phonecalls.integration IS 'The name of the token that created it, and that alone may delete it.';
-- The calls of an only integration are its own. Where there are several, `ringledger phonecalls give` decides.
UPDATE ledger.phonecalls SET integration = single.name
FROM (SELECT min(name) AS name FROM ledger.tokens WHERE 'nimbox' = ANY (scopes) HAVING count(*) = 1) AS single WHERE single.name IS NOT NULL;
CREATE INDEX phonecalls_inviteid ON ledger.phonecalls (inviteid);

CREATE TABLE ledger.phonecall_deletions (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    integration text NOT NULL,
    since       timestamp without time zone NOT NULL,
    until       timestamp without time zone NOT NULL,
    deleted     bigint NOT NULL,
    deleted_at  timestamp with time zone NOT NULL DEFAULT now()
);
CREATE INDEX phonecall_deletions_deleted_at ON ledger.phonecall_deletions (deleted_at);

CREATE TABLE ledger.rejected_phonecalls (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    integration text NOT NULL,
    key         text NOT NULL,
    number      text NOT NULL,
    reason      text NOT NULL,
    parameters  jsonb NOT NULL,
    times       integer NOT NULL DEFAULT 1,
    first_at    timestamp with time zone NOT NULL DEFAULT now(),
    last_at     timestamp with time zone NOT NULL DEFAULT now(),
    UNIQUE (integration, key)
);
COMMENT ON COLUMN ledger.rejected_phonecalls.key IS 'A digest of the time and the numbers as they were sent.';
COMMENT ON COLUMN ledger.rejected_phonecalls.number IS 'The digits of the destination, or what was sent in their place.';
CREATE INDEX rejected_phonecalls_number ON ledger.rejected_phonecalls (number);
CREATE INDEX rejected_phonecalls_last_at ON ledger.rejected_phonecalls (last_at);

ALTER TABLE ledger.tokens ADD networks text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN ledger.tokens.networks IS 'The networks from which it is valid; everywhere if there are none.';

CREATE TABLE ledger.token_guesses (
    source   text PRIMARY KEY,
    failures integer NOT NULL,
    since    timestamp with time zone NOT NULL
);
COMMENT ON TABLE ledger.token_guesses IS 'Addresses that sent wrong tokens within the last minute or a little longer.';
CREATE INDEX token_guesses_since ON ledger.token_guesses (since);

DROP FUNCTION ledger.create_phonecall(jsonb, jsonb, boolean);
CREATE FUNCTION ledger.create_phonecall(
    told jsonb, facts jsonb, new_contacts boolean, rejection text, OUT contact_id bigint, OUT phonecall_id bigint
)
LANGUAGE plpgsql AS $$
DECLARE
    given ledger.phonecalls := jsonb_populate_record(NULL::ledger.phonecalls, told);
    recorded uuid;
BEGIN
    given.source_digits := regexp_replace(given.source, '[^0-9]', '', 'g');
    given.destination_digits := regexp_replace(given.destination, '[^0-9]', '', 'g');
    -- After a lost race, the next turn sees what the winner made, since each statement here looks anew.
    LOOP
        SELECT contact, id INTO contact_id, phonecall_id FROM ledger.phonecalls
        WHERE initiated = given.initiated AND source_digits = given.source_digits
            AND destination_digits = given.destination_digits;
        EXIT WHEN FOUND;
        contact_id := ledger.contact_of(given.destination_digits);
        EXIT WHEN contact_id IS NULL AND NOT new_contacts;
        IF contact_id IS NULL THEN
            WITH number AS (
                INSERT INTO ledger.contact_numbers (digits, contact)
                VALUES (given.destination_digits, nextval('ledger.contacts_id_seq')) ON CONFLICT DO NOTHING
                RETURNING contact
            )
            INSERT INTO ledger.contacts (id) SELECT contact FROM number RETURNING id INTO contact_id;
            CONTINUE WHEN contact_id IS NULL;
        END IF;
        recorded := ledger.record_of(given);
        INSERT INTO ledger.phonecalls (contact, initiated, source, destination, duration, url, inviteid, own, integration)
        VALUES (
            contact_id, given.initiated, given.source, given.destination, given.duration, given.url,
            coalesce(recorded, given.inviteid), recorded IS NULL, given.integration
        )
        ON CONFLICT DO NOTHING RETURNING id INTO phonecall_id;
        CONTINUE WHEN phonecall_id IS NULL;
        IF recorded IS NULL THEN
            given.id := phonecall_id;
            PERFORM ledger.add_phonecall_record(given, facts);
        END IF;
        DELETE FROM ledger.rejected_phonecalls WHERE integration = given.integration AND key = rejection;
        EXIT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION ledger.create_phonecall IS
    'Create a phone call unless it exists; return nothing if its destination belongs to no contact.';
