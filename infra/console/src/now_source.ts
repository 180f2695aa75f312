// What happens now: live calls, queues, agents, and today against the same time a week ago.

import { objects, queries, type Value } from "./api";
import { asked, local } from "./filters";
import { siteZone } from "./words";

export type Row = Record<string, Value>;
export interface Day { answered: number; missed: number; inTime: number; outgoing: number; talk: number }
export interface Now { at: Date; today: Day; before: Day; calls: Row[]; queues: Row[]; agents: Row[]; hours: Row[] }

const START = `(date_trunc('day', now() at time zone :zone) at time zone :zone at time zone 'UTC')`;
const NOW = "(now() at time zone 'UTC')";

function day(shift: string): string {
  const [from, to] = [`${START} - interval '${shift}'`, `${NOW} - interval '${shift}'`];
  return `select (select count(*) from calls.success where aouter and not coalesce(isreplacing, false) and invitedt >= ${from} and invitedt < ${to}) as answered,
  (select count(*) from calls.cancelled where fromouter and invitedt >= ${from} and invitedt < ${to}) as missed,
  (select count(*) from calls.success where aouter and not coalesce(isreplacing, false) and invitedt >= ${from} and invitedt < ${to} and start_dt - invitedt <= interval '20 seconds') as in_time,
  (select count(*) from calls.success where not aouter and bouter and invitedt >= ${from} and invitedt < ${to}) as outgoing,
  (select coalesce(sum(duration), 0) from calls.success where invitedt >= ${from} and invitedt < ${to}) as talk`;
}

const AGENTS = `select distinct on (login) login, state, dt_start as since from sipusers.states
where dt_start > ${NOW} - interval '7 days' order by login, dt_start desc`;
const QUEUES = `select qid as queue,
  count(*) filter (where dt_enqueue is not null and dt_dequeue is null and dt_quit is null and dt_final is null and dt_enqueue > ${NOW} - interval '4 hours') as waiting,
  min(dt_enqueue) filter (where dt_enqueue is not null and dt_dequeue is null and dt_quit is null and dt_final is null and dt_enqueue > ${NOW} - interval '4 hours') as waiting_since,
  count(*) filter (where coalesce(dt_enqueue, dt_final) >= ${START} and (dt_dequeue is not null or dequeue_result <> '')) as answered,
  count(*) filter (where coalesce(dt_enqueue, dt_final) >= ${START} and dt_quit is not null) as abandoned
from ivrhuntq.huntq_calls where coalesce(dt_enqueue, dt_final) > ${NOW} - interval '7 days' and qid <> '' group by qid order by qid`;
const HOURS = `select extract(hour from ${local("invitedt")})::int as hour, count(*) filter (where answered) as answered, count(*) filter (where not answered) as missed
from (select invitedt, true as answered from calls.success where aouter and not coalesce(isreplacing, false) and invitedt >= ${START}
  union all select invitedt, false from calls.cancelled where fromouter and invitedt >= ${START}) as today group by 1 order by 1`;

export async function loadNow(): Promise<Now> {
  const zone = { zone: siteZone() };
  const found = await queries({
    today: asked(day("0 days"), zone), before: asked(day("7 days"), zone), agents: asked(AGENTS, zone),
    queues: asked(QUEUES, zone), hours: asked(HOURS, zone),
  });
  const rows = (name: string): Row[] => objects(found[name]!);
  return { at: new Date(), today: figures(rows("today")[0]!), before: figures(rows("before")[0]!), calls: [], queues: rows("queues"), agents: rows("agents"), hours: rows("hours") };
}

function figures(row: Row): Day {
  const of = (name: string): number => Number(row[name] ?? 0);
  return { answered: of("answered"), missed: of("missed"), inTime: of("in_time"), outgoing: of("outgoing"), talk: of("talk") };
}
