-- A call that a script and the PBX both report is one call, in either order: within seconds, and by the ends of numbers.

CREATE INDEX phonecalls_own ON ledger.phonecalls (initiated) WHERE own;

CREATE FUNCTION ledger.is_same_number(one text, other text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT one = other OR common >= 7 AND (
        right(one, common) = right(other, common)
        OR common >= 8 AND right(one, common - 1) = right(other, common - 1)
    )
    FROM (SELECT least(length(one), length(other)) AS common) AS lengths
$$;
COMMENT ON FUNCTION ledger.is_same_number IS
    'Return whether two outside numbers have one ending of seven digits or more, after a trunk prefix of one digit at most.';

CREATE FUNCTION ledger.is_same_caller(script_digits text, recorded text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT script_digits = digits OR length(script_digits) >= 3 AND right(digits, length(script_digits)) = script_digits
        OR length(digits) >= 3 AND right(script_digits, length(digits)) = digits
        OR EXISTS (
            SELECT FROM ledger.users
            WHERE extension <> '' AND extension IN (recorded, split_part(recorded, '@', 1)) AND script_digits IN (
                regexp_replace(number, '[^0-9]', '', 'g'), regexp_replace(line, '[^0-9]', '', 'g')
            )
        )
    FROM (SELECT regexp_replace(recorded, '[^0-9]', '', 'g') AS digits) AS given
    WHERE script_digits <> ''
$$;
COMMENT ON FUNCTION ledger.is_same_caller IS
    'Return whether a caller is one for a script and for the PBX: by the end of its digits, or through the directory.';

CREATE OR REPLACE FUNCTION ledger.record_of(given ledger.phonecalls) RETURNS uuid
LANGUAGE plpgsql STABLE AS $$
DECLARE
    bare CONSTANT text := ltrim(given.destination, '+');
    spellings CONSTANT text[] := ARRAY[given.destination, bare, '+' || bare];
    tolerance CONSTANT interval := interval '10 seconds';
    -- A call is invited before it is dialled, and no menu holds a caller for an hour.
    earliest CONSTANT timestamp := given.initiated - interval '1 hour';
    latest CONSTANT timestamp := given.initiated + tolerance;
    soon CONSTANT timestamp := given.initiated - tolerance;
    answer uuid;
BEGIN
    SELECT recorded.inviteid INTO answer FROM (
        SELECT inviteid, invitedt, dial_dt, anumber, bnumber FROM calls.success
        WHERE bnumber = ANY (spellings) AND invitedt BETWEEN earliest AND latest
        UNION ALL
        SELECT inviteid, invitedt, dial_dt, fromnumber, callednum FROM calls.cancelled
        WHERE callednum = ANY (spellings) AND invitedt BETWEEN earliest AND latest
        UNION ALL
        SELECT inviteid, invitedt, NULL, fromnumber, callednum FROM calls.failed
        WHERE callednum = ANY (spellings) AND invitedt BETWEEN earliest AND latest
        UNION ALL
        SELECT inviteid, invitedt, dial_dt, anumber, bnumber FROM calls.success WHERE invitedt BETWEEN soon AND latest
        UNION ALL
        SELECT inviteid, invitedt, dial_dt, fromnumber, callednum FROM calls.cancelled
        WHERE invitedt BETWEEN soon AND latest
        UNION ALL
        SELECT inviteid, invitedt, NULL, fromnumber, callednum FROM calls.failed WHERE invitedt BETWEEN soon AND latest
    ) AS recorded
    CROSS JOIN LATERAL (
        SELECT least(
            abs(extract(epoch FROM recorded.dial_dt - given.initiated)),
            abs(extract(epoch FROM recorded.invitedt - given.initiated))
        ) AS seconds
    ) AS apart
    LEFT JOIN ledger.records ON records.inviteid = recorded.inviteid
    WHERE apart.seconds <= extract(epoch FROM tolerance)
        AND ledger.is_same_number(regexp_replace(bnumber, '[^0-9]', '', 'g'), given.destination_digits)
        AND ledger.is_same_caller(given.source_digits, anumber)
        AND records.provider IS DISTINCT FROM 'nimbox'
        AND NOT EXISTS (SELECT FROM ledger.phonecalls WHERE phonecalls.inviteid = recorded.inviteid)
    ORDER BY apart.seconds, recorded.inviteid LIMIT 1;
    RETURN answer;
END
$$;
COMMENT ON FUNCTION ledger.record_of IS
    'Return the record that Ringledger has of a phone call by itself, the nearest within seconds.';

CREATE FUNCTION ledger.join_phonecalls() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    pair record;
    replaced uuid;
BEGIN
    IF NOT EXISTS (SELECT FROM ledger.phonecalls WHERE own) THEN
        RETURN NULL;
    END IF;
    FOR pair IN
        SELECT DISTINCT ON (phonecall.id) phonecall.id, phonecall.inviteid AS former, phonecall.initiated, made.inviteid
        FROM (
            SELECT (content ->> 'inviteid')::uuid AS inviteid, (content ->> 'invitedt')::timestamp AS invitedt,
                (content ->> 'dial_dt')::timestamp AS dial_dt,
                coalesce(content ->> 'anumber', content ->> 'fromnumber') AS caller,
                regexp_replace(coalesce(content ->> 'bnumber', content ->> 'callednum'), '[^0-9]', '', 'g') AS number
            FROM (SELECT to_jsonb(added) AS content FROM added) AS rows
        ) AS made
        CROSS JOIN LATERAL (
            SELECT id, inviteid, initiated, source_digits FROM ledger.phonecalls
            WHERE own AND destination_digits <> '' AND (
                initiated BETWEEN made.invitedt - interval '10 seconds' AND made.invitedt + interval '10 seconds'
                OR initiated BETWEEN made.dial_dt - interval '10 seconds' AND made.dial_dt + interval '10 seconds'
            ) AND ledger.is_same_number(destination_digits, made.number)
                AND ledger.is_same_caller(source_digits, made.caller)
            ORDER BY abs(extract(epoch FROM initiated - coalesce(made.dial_dt, made.invitedt))), id LIMIT 1
        ) AS phonecall
        WHERE NOT EXISTS (SELECT FROM ledger.phonecalls AS known WHERE known.inviteid = made.inviteid)
        ORDER BY phonecall.id, abs(extract(epoch FROM phonecall.initiated - coalesce(made.dial_dt, made.invitedt)))
    LOOP
        UPDATE ledger.phonecalls SET inviteid = pair.inviteid, own = false
        WHERE id = pair.id AND own RETURNING pair.former INTO replaced;
        CONTINUE WHEN NOT FOUND;
        -- It was invited when the phone call was initiated, which tells its month.
        DELETE FROM calls.success WHERE inviteid = replaced AND invitedt = pair.initiated;
        DELETE FROM calls.cancelled WHERE inviteid = replaced AND invitedt = pair.initiated;
        DELETE FROM ledger.records WHERE inviteid = replaced AND provider = 'nimbox';
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION ledger.join_phonecalls IS
    'Give phone calls whose record was made for them the record that the PBX reports, and delete the one made for them.';

CREATE TRIGGER join_phonecalls AFTER INSERT ON calls.success
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger.join_phonecalls();
CREATE TRIGGER join_phonecalls AFTER INSERT ON calls.cancelled
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger.join_phonecalls();
CREATE TRIGGER join_phonecalls AFTER INSERT ON calls.failed
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger.join_phonecalls();
