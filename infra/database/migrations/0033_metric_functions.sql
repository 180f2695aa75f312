-- Figures over moments and slots of time. Joined by a range of times, each moment would read the calls of all others;
-- these functions read each call once.

CREATE SCHEMA IF NOT EXISTS metrics;
COMMENT ON SCHEMA metrics IS 'Definitions of figures that reports share.';

-- The number of steps of a period. Callers get an error about their arguments.
CREATE FUNCTION metrics.steps(since timestamp, until timestamp, step interval) RETURNS integer
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF since IS NULL OR until IS NULL OR step IS NULL OR NOT isfinite(since) OR NOT isfinite(until) THEN
        RAISE EXCEPTION 'a period needs a beginning, an end and a step' USING ERRCODE = '22023';
    END IF;
    IF extract(epoch FROM step) < 1 THEN
        RAISE EXCEPTION 'the step must be one second or longer' USING ERRCODE = '22023';
    END IF;
    IF until < since OR extract(epoch FROM until - since) / extract(epoch FROM step) > 100000 THEN
        RAISE EXCEPTION 'a period may have at most 100000 steps, and its end is not before its beginning'
            USING ERRCODE = '22023';
    END IF;
    RETURN ceil(extract(epoch FROM until - since) / extract(epoch FROM step));
END
$$;

CREATE FUNCTION metrics.concurrency(since timestamp, until timestamp, step interval)
RETURNS TABLE (moment timestamp, calls bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    last CONSTANT integer := metrics.steps(since, until, step) - 1;
    seconds CONSTANT numeric := extract(epoch FROM step);
BEGIN
    RETURN QUERY
    WITH talk AS (
        SELECT greatest(ceil(extract(epoch FROM start_dt - since) / seconds), 0)::integer AS first,
            ceil(extract(epoch FROM stop_dt - since) / seconds)::integer AS following
        FROM calls.success
        WHERE invitedt >= since - interval '1 day' AND invitedt < until AND start_dt < until AND stop_dt > since
            AND stop_dt > start_dt
    ),
    change AS (
        SELECT number, sum(difference) AS difference FROM (
            SELECT first, 1 FROM talk WHERE first < following
            UNION ALL
            SELECT following, -1 FROM talk WHERE first < following
        ) AS edge (number, difference)
        WHERE number <= last GROUP BY number
    )
    SELECT since + number * seconds * interval '1 second', (sum(coalesce(difference, 0)) OVER (ORDER BY number))::bigint
    FROM generate_series(0, last) AS number LEFT JOIN change USING (number)
    ORDER BY number;
END
$$;
COMMENT ON FUNCTION metrics.concurrency IS
    'How many talks are on at each moment of a period, from its beginning to before its end: start_dt <= moment < stop_dt. '
    'A talk counts when its call was invited a day before the period at the earliest.';

CREATE FUNCTION metrics.agent_slots(since timestamp, until timestamp, step interval)
RETURNS TABLE (slot timestamp, agent character varying, calls bigint, seconds bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    last CONSTANT integer := metrics.steps(since, until, step) - 1;
    width CONSTANT numeric := extract(epoch FROM step);
BEGIN
    RETURN QUERY
    WITH talk AS (
        SELECT side.name, start_dt, stop_dt,
            greatest(floor(extract(epoch FROM start_dt - since) / width), 0)::integer AS first,
            least(ceil(extract(epoch FROM stop_dt - since) / width) - 1, last)::integer AS final
        FROM calls.success
        CROSS JOIN LATERAL (VALUES (ausername, aouter), (busername, bouter)) AS side (name, is_outer)
        WHERE invitedt >= since - interval '1 day' AND invitedt < until AND start_dt < until AND stop_dt > since
            AND stop_dt > start_dt AND side.name <> '' AND is_outer IS NOT TRUE
    ),
    part AS (
        SELECT number, name,
            least(stop_dt, until, since + (number + 1) * width * interval '1 second')
                - greatest(start_dt, since, since + number * width * interval '1 second') AS length
        FROM talk CROSS JOIN LATERAL generate_series(first, final) AS number
    )
    SELECT since + number * width * interval '1 second', name, count(*), sum(extract(epoch FROM length))::bigint
    FROM part GROUP BY number, name ORDER BY number, name;
END
$$;
COMMENT ON FUNCTION metrics.agent_slots IS
    'The talks of each agent in each slot of a period, and their seconds within it; slots without talks are left out. '
    'Agents are the inner sides of calls.';
