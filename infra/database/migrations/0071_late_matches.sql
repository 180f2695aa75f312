-- A script and the PBX may report a call in the same instant, so that neither sees the other. Maintenance joins them.

CREATE FUNCTION ledger.join_late_phonecalls(since timestamp without time zone) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    phonecall ledger.phonecalls;
    recorded uuid;
    joined integer := 0;
BEGIN
    FOR phonecall IN
        SELECT * FROM ledger.phonecalls
        WHERE own AND initiated >= since AND destination_digits <> '' ORDER BY initiated, id
    LOOP
        recorded := ledger.record_of(phonecall);
        CONTINUE WHEN recorded IS NULL;
        UPDATE ledger.phonecalls SET inviteid = recorded, own = false WHERE id = phonecall.id AND own;
        CONTINUE WHEN NOT FOUND;
        DELETE FROM calls.success WHERE inviteid = phonecall.inviteid AND invitedt = phonecall.initiated;
        DELETE FROM calls.cancelled WHERE inviteid = phonecall.inviteid AND invitedt = phonecall.initiated;
        DELETE FROM ledger.records WHERE inviteid = phonecall.inviteid AND provider = 'nimbox';
        joined := joined + 1;
    END LOOP;
    RETURN joined;
END
$$;
COMMENT ON FUNCTION ledger.join_late_phonecalls IS
    'Join phone calls that were initiated since then with the records that the PBX made of them, and return their number.';
