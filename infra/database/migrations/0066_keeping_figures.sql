-- Maintenance keeps all figures of a day together. Days that were kept before get their new figures by being marked.

CREATE OR REPLACE FUNCTION ledger.make_call_figures(made date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    marks tid[];
BEGIN
    -- A change that is committed later than this leaves a mark of its own.
    SELECT array_agg(ctid) INTO marks FROM (SELECT ctid FROM ledger.changed_days WHERE day = made FOR UPDATE) AS marked;
    IF marks IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM ledger.call_figures WHERE invitedt >= made AND invitedt < made + 1;
    INSERT INTO ledger.call_figures SELECT * FROM ledger.changed_calls WHERE invitedt >= made AND invitedt < made + 1;
    DELETE FROM ledger.quarters WHERE day = made;
    INSERT INTO ledger.quarters SELECT * FROM ledger.changed_quarters WHERE day = made;
    DELETE FROM ledger.peaks WHERE day IN (made, made + 1);
    -- Peaks that depend on another marked day are made with that one.
    INSERT INTO ledger.peaks SELECT * FROM ledger.changed_peaks AS peak WHERE day IN (made, made + 1)
        AND NOT EXISTS (SELECT FROM ledger.changed_days WHERE day <> made AND day IN (peak.day, peak.day - 1));
    DELETE FROM ledger.transfers WHERE day = made;
    INSERT INTO ledger.transfers SELECT * FROM ledger.changed_transfers WHERE day = made;
    DELETE FROM ledger.agent_days WHERE day = made;
    INSERT INTO ledger.agent_days SELECT * FROM ledger.changed_agent_days WHERE day = made;
    PERFORM ledger.make_missed_calls(made);
    DELETE FROM ledger.changed_days WHERE ctid = ANY (marks);
END
$$;
COMMENT ON FUNCTION ledger.make_call_figures IS 'Make the kept figures of a day in ledger.changed_days again, and unmark it.';

CREATE FUNCTION ledger.make_missed_calls(made date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM ledger.missed_calls WHERE day = made;
    INSERT INTO ledger.missed_calls SELECT * FROM ledger.changed_missed WHERE invitedt >= made AND invitedt < made + 1;
    -- One statement, so that both parts see the same rows.
    WITH gone AS (
        DELETE FROM ledger.missed_calls
        WHERE day >= made - 30 AND day < made
            AND NOT EXISTS (SELECT FROM ledger.changed_days WHERE changed_days.day = missed_calls.day)
            AND depends_on && (SELECT range_agg(daterange(day, day, '[]')) FROM ledger.changed_days)
    )
    INSERT INTO ledger.missed_calls SELECT * FROM ledger.stale_missed WHERE day >= made - 30 AND day < made;
END
$$;
COMMENT ON FUNCTION ledger.make_missed_calls IS
    'Make the missed calls of a day, and those of the 30 days before it for whose callers it can matter.';

-- Nothing stays kept of tables that are emptied; the days of the other tables are made anew.
CREATE FUNCTION ledger.drop_day_figures() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    DELETE FROM ledger.call_figures;
    DELETE FROM ledger.quarters;
    DELETE FROM ledger.peaks;
    DELETE FROM ledger.transfers;
    DELETE FROM ledger.agent_days;
    DELETE FROM ledger.missed_calls;
    INSERT INTO ledger.changed_days
    SELECT invitedt::date FROM calls.success WHERE isfinite(invitedt) UNION
    SELECT invitedt::date FROM calls.cancelled WHERE isfinite(invitedt) UNION
    SELECT invitedt::date FROM calls.failed WHERE isfinite(invitedt);
    RETURN NULL;
END
$$;
CREATE TRIGGER unkeep_truncated AFTER TRUNCATE ON calls.success
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.drop_day_figures();
CREATE TRIGGER unkeep_truncated AFTER TRUNCATE ON calls.cancelled
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.drop_day_figures();
CREATE TRIGGER unkeep_truncated AFTER TRUNCATE ON calls.failed
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.drop_day_figures();
CREATE TRIGGER unkeep_truncated AFTER TRUNCATE ON calls.forks
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.drop_day_figures();

INSERT INTO ledger.changed_days SELECT DISTINCT invitedt::date FROM ledger.call_figures;

-- The planner needs longer for these views over all months than their rows need, so the plan is kept. A plan of several
-- processes would take longer to start than to run.
CREATE FUNCTION metrics.day_figures(since timestamp, until timestamp) RETURNS TABLE (
    incoming bigint, answered bigint, missed bigint, not_called_back bigint, service_level numeric, average_wait numeric,
    outgoing bigint, outgoing_answered bigint, internal bigint, talk numeric, abandoned bigint
)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan SET max_parallel_workers_per_gather = 0 AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH counted AS (
        SELECT count(*) FILTER (WHERE direction = 'incoming') AS incoming,
            sum(answered) FILTER (WHERE direction = 'incoming') AS answered, sum(missed) AS missed,
            round(100 * avg(in_time), 1) AS service_level,
            round(avg(wait) FILTER (WHERE direction = 'incoming' AND answered = 1)) AS average_wait,
            count(*) FILTER (WHERE direction = 'outgoing') AS outgoing,
            sum(answered) FILTER (WHERE direction = 'outgoing') AS outgoing_answered,
            count(*) FILTER (WHERE direction = 'internal') AS internal, sum(talk) AS talk
        FROM metrics.calls WHERE invitedt >= $1 AND invitedt <= $2
    ),
    returned AS (
        SELECT count(DISTINCT number) FILTER (WHERE called_back = 0 OR reached_at > $2) AS not_called_back
        FROM metrics.missed_calls WHERE invitedt >= $1 AND invitedt <= $2
    ),
    queued AS (
        SELECT sum(abandoned) AS abandoned FROM metrics.queue_calls WHERE entered_at >= $1 AND entered_at <= $2
    )
    SELECT counted.incoming, counted.answered, counted.missed, returned.not_called_back, counted.service_level,
        counted.average_wait, counted.outgoing, counted.outgoing_answered, counted.internal, counted.talk, queued.abandoned
    FROM counted, returned, queued;
END
$$;
COMMENT ON FUNCTION metrics.day_figures IS 'The figures of a part of a day, both times included, as `operational` has them.';
