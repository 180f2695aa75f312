-- One definition of each figure, as views over the documented tables. Reports, dashboards and the console read them, so
-- that two tools never disagree. `docs/channel.md` explains the figures.
--
-- A condition on invitedt, entered_at or started_at reaches the indexes of the tables below.

CREATE SCHEMA IF NOT EXISTS metrics;
COMMENT ON SCHEMA metrics IS 'Calls as people count them, and the present state: the definitions behind reports.';

CREATE VIEW metrics.calls AS
SELECT
    coalesce(esgdlg::text, inviteid::text) AS chain,
    (array_agg(inviteid ORDER BY start_dt, inviteid))[1] AS inviteid,
    invitedt,
    CASE
        WHEN coalesce(bool_or(aouter) FILTER (WHERE isreplacing IS NOT TRUE), bool_or(aouter)) THEN 'incoming'
        WHEN coalesce(bool_or(bouter) FILTER (WHERE isreplacing IS NOT TRUE), bool_or(bouter)) THEN 'outgoing'
        ELSE 'internal'
    END AS direction,
    'answered' AS result,
    coalesce(
        min(CASE WHEN aouter IS NOT TRUE AND bouter THEN bnumber ELSE anumber END) FILTER (WHERE isreplacing IS NOT TRUE),
        min(CASE WHEN aouter IS NOT TRUE AND bouter THEN bnumber ELSE anumber END)
    )::text AS number,
    (min(acallednum) FILTER (WHERE aouter AND isreplacing IS NOT TRUE))::text AS line,
    ((array_agg(
        CASE WHEN aouter IS NOT TRUE AND bouter THEN coalesce(ausername, anumber) ELSE coalesce(busername, bnumber) END
        ORDER BY start_dt, inviteid
    ))[1])::text AS agent,
    min(start_dt) AS answered_at,
    max(stop_dt) AS ended_at,
    extract(epoch FROM min(start_dt) - invitedt)::integer AS wait,
    sum(duration) AS talk,
    count(*)::integer AS talks,
    1 AS answered,
    0 AS missed,
    CASE
        WHEN coalesce(bool_or(aouter) FILTER (WHERE isreplacing IS NOT TRUE), bool_or(aouter))
        THEN (min(start_dt) <= invitedt + interval '20 seconds')::integer
    END AS in_time,
    coalesce(bool_or(isrec), false) AS recorded,
    (array_agg(stopreason ORDER BY start_dt DESC, inviteid))[1]::text AS reason
FROM calls.success
GROUP BY invitedt, coalesce(esgdlg::text, inviteid::text)
UNION ALL
SELECT
    inviteid::text,
    inviteid,
    invitedt,
    CASE
        WHEN fromouter THEN 'incoming'
        WHEN EXISTS (
            SELECT FROM calls.forks
            WHERE forks.inviteid = cancelled.inviteid AND forks.invitedt = cancelled.invitedt AND bouter IS NOT TRUE
        ) THEN 'internal'
        ELSE 'outgoing'
    END,
    CASE WHEN fromouter THEN 'missed' ELSE 'unanswered' END,
    (CASE WHEN fromouter THEN fromnumber ELSE callednum END)::text,
    (CASE WHEN fromouter THEN callednum END)::text,
    (CASE WHEN fromouter IS NOT TRUE THEN coalesce(fromusername, fromnumber) END)::text,
    NULL,
    stop_dt,
    extract(epoch FROM stop_dt - invitedt)::integer,
    0,
    0,
    0,
    coalesce(fromouter, false)::integer,
    CASE WHEN fromouter THEN 0 END,
    false,
    stopreason::text
FROM calls.cancelled
UNION ALL
SELECT
    inviteid::text,
    inviteid,
    invitedt,
    CASE WHEN fromouter THEN 'incoming' ELSE 'outgoing' END,
    CASE WHEN fromouter THEN 'missed' ELSE 'failed' END,
    (CASE WHEN fromouter THEN fromnumber ELSE callednum END)::text,
    (CASE WHEN fromouter THEN callednum END)::text,
    (CASE WHEN fromouter IS NOT TRUE THEN coalesce(fromusername, fromnumber) END)::text,
    NULL,
    NULL,
    NULL,
    0,
    0,
    0,
    coalesce(fromouter, false)::integer,
    CASE WHEN fromouter THEN 0 END,
    false,
    reason::text
FROM calls.failed;

CREATE VIEW metrics.talks AS
SELECT
    coalesce(esgdlg::text, inviteid::text) AS chain,
    inviteid,
    invitedt,
    coalesce(busername, bnumber)::text AS agent,
    bdisplayname::text AS person,
    CASE WHEN aouter THEN 'incoming' ELSE 'internal' END AS direction,
    anumber::text AS number,
    dial_dt AS dialled_at,
    start_dt AS started_at,
    stop_dt AS stopped_at,
    dial_duration AS ring,
    duration AS talk,
    coalesce(isreplacing, false) AS transferred
FROM calls.success
WHERE aouter OR bouter IS NOT TRUE
UNION ALL
SELECT
    coalesce(esgdlg::text, inviteid::text),
    inviteid,
    invitedt,
    coalesce(ausername, anumber)::text,
    adisplayname::text,
    CASE WHEN bouter THEN 'outgoing' ELSE 'internal' END,
    bnumber::text,
    dial_dt,
    start_dt,
    stop_dt,
    dial_duration,
    duration,
    coalesce(isreplacing, false)
FROM calls.success
WHERE aouter IS NOT TRUE;

CREATE VIEW metrics.rings AS
SELECT
    inviteid,
    invitedt,
    busername::text AS agent,
    forkstart_dt AS started_at,
    forkansw_dt AS answered_at,
    coalesce(isanswered, false)::integer AS answered,
    reason::text AS reason
FROM calls.forks;

CREATE VIEW metrics.queue_calls AS
SELECT
    chain,
    inviteid,
    queue,
    number,
    entered_at,
    answered_at,
    left_at,
    result,
    extract(epoch FROM CASE result WHEN 'answered' THEN answered_at ELSE left_at END - entered_at)::integer AS wait,
    (result = 'answered')::integer AS answered,
    (result = 'abandoned')::integer AS abandoned,
    CASE
        WHEN result = 'abandoned' THEN 0
        WHEN result = 'answered' THEN (answered_at <= entered_at + interval '20 seconds')::integer
    END AS in_time
FROM (
    SELECT
        coalesce(esgdlg::text, inviteid::text) AS chain,
        inviteid,
        qid::text AS queue,
        from_user::text AS number,
        entered_at,
        dt_dequeue AS answered_at,
        coalesce(dt_quit, dt_final) AS left_at,
        CASE
            WHEN dt_dequeue IS NOT NULL OR dequeue_result = 'answered' THEN 'answered'
            WHEN dt_quit IS NOT NULL THEN 'abandoned'
            WHEN dt_final IS NULL THEN 'waiting'
            ELSE 'moved'
        END AS result
    FROM (
        SELECT *, dt_enqueue AS entered_at FROM ivrhuntq.huntq_calls WHERE dt_enqueue IS NOT NULL
        UNION ALL
        -- The entry is not reported: the first moment that is known.
        SELECT *, coalesce(dt_greet, dt_start_call, dt_dequeue, dt_quit, dt_final)
        FROM ivrhuntq.huntq_calls WHERE dt_enqueue IS NULL
    ) AS passages
) AS outcomes;
