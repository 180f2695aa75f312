// The reports of the page: each is a query over the documented tables with the filters written in, and a picture.

import type { Query } from "./api";
import { asked, bounds, digits, local, SINCE, UNTIL } from "./filters";
import type { Filters } from "./route";

export type Picture = "calls" | "line" | "heat" | "bars" | "table";
export interface Report { name: string; picture: Picture; wide?: boolean; sql: (filters: Filters) => string }

const ANSWERED_WITHIN = 20;

/** Return the conditions on answered calls, or on unanswered ones, that the filters ask for. */
function only(filters: Filters, answered: boolean): string {
  const where = [`invitedt >= ${SINCE}`, `invitedt < ${UNTIL}`];
  if (filters["queue"]) where.push("inviteid in (select inviteid from ivrhuntq.huntq_calls where qid = :queue)");
  if (filters["agent"]) where.push(answered ? "(ausername = :agent or busername = :agent)" : "(fromusername = :agent or callednum = :agent)");
  if (filters["number"]) where.push(answered ? "(anumber like :like or bnumber like :like)" : "(fromnumber like :like or callednum like :like)");
  return where.join(" and ");
}

/** Incoming calls from outside with their outcome and how long the caller waited, in seconds. */
const incoming = (filters: Filters): string => `with incoming as (
  select invitedt, anumber as caller, busername as agent, true as answered,
    extract(epoch from start_dt - invitedt)::int as waited, duration
  from calls.success where aouter and not coalesce(isreplacing, false) and ${only(filters, true)}
  union all
  select invitedt, fromnumber, null, false, extract(epoch from stop_dt - invitedt)::int, null
  from calls.cancelled where fromouter and ${only(filters, false)}
)`;

const DAY = `date_trunc('day', ${local("invitedt")})::date`;
const HOUR = `date_trunc('hour', ${local("invitedt")})`;

const passages = (filters: Filters): string => {
  const start = "coalesce(dt_enqueue, dt_greet, dt_final)";
  const where = [`${start} >= ${SINCE}`, `${start} < ${UNTIL}`, "qid <> ''"];
  if (filters["queue"]) where.push("qid = :queue");
  if (filters["number"]) where.push("from_user like :like");
  return `with passages as (
  select qid, from_user, inviteid, dt_quit is not null as abandoned, ${start} as entered,
    extract(epoch from coalesce(dt_dequeue, dt_quit, dt_final) - ${start})::int as waited
  from ivrhuntq.huntq_calls where ${where.join(" and ")}
)`;
};

export const REPORTS: Report[] = [
  {
    name: "not-called-back", picture: "table", wide: true,
    sql: (filters) => `select m.inviteid, m.invitedt, m.fromnumber as caller, m.callednum as called,
  extract(epoch from m.stop_dt - m.invitedt)::int as waited_seconds,
  count(*) over (partition by m.fromnumber) as attempts
from calls.cancelled m
where m.fromouter and ${only(filters, false).replaceAll(/\b(invitedt|inviteid|fromnumber|fromusername|callednum)\b(?! from)/g, "m.$1")}
  and not exists (
    select from calls.success s where s.invitedt > m.invitedt and s.invitedt < m.invitedt + interval '7 days'
      and (s.bnumber = m.fromnumber or s.anumber = m.fromnumber))
order by m.invitedt desc limit 1000`,
  },
  {
    name: "calls-per-day", picture: "calls", wide: true,
    sql: (filters) => `${incoming(filters)}
select ${DAY} as day, count(*) filter (where answered) as answered, count(*) filter (where not answered) as missed
from incoming group by 1 order by 1`,
  },
  {
    name: "heat-map", picture: "heat",
    sql: (filters) => `${incoming(filters)}
select extract(isodow from ${local("invitedt")})::int as weekday, extract(hour from ${local("invitedt")})::int as hour,
  count(*) as calls, count(*) filter (where not answered) as missed
from incoming group by 1, 2 order by 1, 2`,
  },
  {
    name: "service-level", picture: "line",
    sql: (filters) => `${incoming(filters)}
select ${DAY} as day, count(*) as calls,
  round(avg((answered and waited <= ${ANSWERED_WITHIN})::int), 4) as service_level, round(avg(answered::int), 4) as answered_share
from incoming group by 1 order by 1`,
  },
  {
    name: "waits", picture: "line",
    sql: (filters) => `${incoming(filters)}
select ${DAY} as day, round(percentile_cont(0.5) within group (order by waited)::numeric, 1) as median_wait,
  round(percentile_cont(0.9) within group (order by waited)::numeric, 1) as p90_wait
from incoming group by 1 order by 1`,
  },
  {
    name: "abandoned", picture: "bars",
    sql: (filters) => `${passages(filters)}
select qid as queue, count(*) filter (where not abandoned) as answered, count(*) filter (where abandoned) as abandoned,
  round(avg(abandoned::int), 4) as abandoned_share, round(avg(waited), 1) as mean_wait
from passages group by qid order by count(*) desc`,
  },
  {
    name: "agents", picture: "bars",
    sql: (filters) => `with talks as (
  select busername as agent, bdisplayname as name, duration, true as incoming from calls.success where not bouter and ${only(filters, true)}
  union all
  select ausername, adisplayname, duration, false from calls.success where not aouter and ${only(filters, true)}
)
select agent, max(name) as name, count(*) as calls, sum(duration) filter (where incoming) as incoming_seconds,
  sum(duration) filter (where not incoming) as outgoing_seconds, sum(duration) as talk_seconds
from talks where agent <> '' group by agent order by talk_seconds desc nulls last limit 200`,
  },
  {
    name: "longest-waits", picture: "table",
    sql: (filters) => `${passages(filters)}
select inviteid, entered, qid as queue, from_user as caller, waited as waited_seconds, abandoned
from passages order by waited desc nulls last limit 100`,
  },
  {
    name: "transfers", picture: "bars",
    sql: (filters) => `with legs as (
  select esgdlg, busername as agent, isreplacing, start_dt,
    lag(busername) over (partition by esgdlg order by start_dt) as giver
  from calls.success where esgdlg is not null and ${only(filters, true)}
)
select giver as from_agent, agent as to_agent, count(*) as transfers
from legs where isreplacing and giver is not null and giver <> agent group by 1, 2 order by 3 desc limit 200`,
  },
  {
    name: "repeat-callers", picture: "bars",
    sql: (filters) => `${incoming(filters)}
select caller, count(*) as calls, count(*) filter (where answered) as answered, count(*) filter (where not answered) as missed
from incoming where caller <> '' group by caller having count(*) > 1 order by count(*) desc, caller limit 200`,
  },
  {
    name: "concurrency", picture: "line",
    sql: (filters) => `with steps as (
  select dial_dt as at, 1 as step from calls.success where ${only(filters, true)}
  union all
  select stop_dt, -1 from calls.success where ${only(filters, true)}
), running as (
  select at, sum(step) over (order by at, step desc rows unbounded preceding) as calls from steps where at is not null
)
select ${HOUR.replaceAll("invitedt", "at")} as hour, max(calls) as concurrent from running group by 1 order by 1`,
  },
  {
    name: "durations", picture: "bars",
    sql: (filters) => `with talks as (select duration from calls.success where ${only(filters, true)})
select bucket as up_to_seconds, count(duration) as calls
from (values (15), (30), (60), (120), (300), (600), (1200), (86400)) as buckets (bucket)
left join talks on duration <= bucket and duration > coalesce((select max(b) from (values (15), (30), (60), (120), (300), (600), (1200)) as lower (b) where b < bucket), -1)
group by bucket order by bucket`,
  },
  {
    name: "recordings", picture: "calls",
    sql: (filters) => `select ${DAY} as day, count(*) filter (where isrec and callrecdel_dt is null) as recorded,
  count(*) filter (where not coalesce(isrec, false)) as not_recorded, count(*) filter (where callrecdel_dt is not null) as deleted
from calls.success where ${only(filters, true)} group by 1 order by 1`,
  },
];

/** Return the query of a report with the values of the filters. */
export function reportQuery(report: Report, filters: Filters): Query {
  const number = digits(filters["number"] ?? "");
  return asked(report.sql(filters), { ...bounds(filters), queue: filters["queue"], agent: filters["agent"], like: `%${number}%` });
}
