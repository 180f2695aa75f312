// The queries of the calls page: a list with keyset paging, and everything about one call.

import type { Query } from "./api";
import { asked, bounds, digits, SINCE, UNTIL } from "./filters";
import type { Filters } from "./route";

export const PAGE = 50;
export interface Place { at: string; id: string }

const COLUMNS: Record<string, string> = {
  answered: `inviteid, invitedt, 'answered' as outcome, aouter, bouter,
    anumber, adisplayname as aname, coalesce(nullif(bnumber, ''), acallednum) as bnumber, bdisplayname as bname,
    acallednum as called, dial_duration as waited, duration, isrec and callrecdel_dt is null as recorded`,
  missed: `inviteid, invitedt, 'missed' as outcome, fromouter as aouter, null::boolean as bouter,
    fromnumber as anumber, null::varchar as aname, callednum as bnumber, null::varchar as bname,
    callednum as called, extract(epoch from stop_dt - coalesce(dial_dt, invitedt))::int as waited, null::int as duration,
    false as recorded`,
  failed: `inviteid, invitedt, 'failed' as outcome, fromouter as aouter, null::boolean as bouter,
    fromnumber as anumber, null::varchar as aname, callednum as bnumber, null::varchar as bname,
    callednum as called, null::int as waited, null::int as duration, false as recorded`,
};
const TABLES: Record<string, string> = { answered: "calls.success", missed: "calls.cancelled", failed: "calls.failed" };
const OUTSIDE: Record<string, string> = {
  incoming: "aouter", outgoing: "not aouter and bouter", internal: "not aouter and not bouter",
};

/** Return the query of one page of calls, newest first; `after` is the last row of the page before. */
export function listQuery(filters: Filters, after: Place | null): Query {
  const outcomes = filters["outcome"] && filters["outcome"] in TABLES ? [filters["outcome"]] : Object.keys(TABLES);
  const parts = outcomes.map((outcome) => `(${part(outcome, filters, after)})`).join("\nunion all\n");
  const psql = `select * from (\n${parts}\n) as found\norder by invitedt desc, inviteid desc limit ${PAGE + 1}`;
  const number = digits(filters["number"] ?? "");
  return asked(psql, {
    ...bounds(filters, 7), queue: filters["queue"], agent: filters["agent"], at: after?.at, id: after?.id,
    like: /^\d+$/.test(number) ? `%${number}%` : `%${filters["number"] ?? ""}%`,
  });
}

function part(outcome: string, filters: Filters, after: Place | null): string {
  const answered = outcome === "answered";
  const where = [`invitedt >= ${SINCE}`, `invitedt < ${UNTIL}`];
  if (after) where.push("(invitedt, inviteid) < (:at::timestamp, :id::uuid)");
  if (filters["number"]) where.push(searched(answered));
  if (filters["agent"]) where.push(answered ? "(ausername = :agent or busername = :agent)" : "(fromusername = :agent or callednum = :agent)");
  if (filters["queue"]) where.push("inviteid in (select inviteid from ivrhuntq.huntq_calls where qid = :queue)");
  const direction = filters["direction"] ? OUTSIDE[filters["direction"]] : undefined;
  if (direction) where.push(answered ? direction : filters["direction"] === "incoming" ? "fromouter" : "not fromouter");
  if (filters["recorded"]) where.push(answered ? "isrec and callrecdel_dt is null" : "false");
  return `select ${COLUMNS[outcome]}\nfrom ${TABLES[outcome]}\nwhere ${where.join("\n  and ")}\norder by invitedt desc, inviteid desc limit ${PAGE + 1}`;
}

function searched(answered: boolean): string {
  const columns = answered ? ["anumber", "bnumber", "acallednum", "adisplayname", "bdisplayname"] : ["fromnumber", "callednum"];
  return `(${columns.map((column) => `${column} ilike :like`).join(" or ")})`;
}

/** Return the query that finds a call's row in any of the three tables. */
export function callQuery(id: string): Query {
  const rows = Object.entries(TABLES).map(
    ([outcome, table]) => `select inviteid, invitedt, '${outcome}' as outcome, ${outcome === "answered" ? "esgdlg" : "null::varchar as esgdlg"} from ${table} where inviteid = :id::uuid`,
  );
  return asked(rows.join("\nunion all\n"), { id });
}

/** Return the queries of everything about a call: its legs share the time and, if it has one, the dialogue's id. */
export function detailQueries(id: string, invited: string, dialogue: string | null): Record<string, Query> {
  const params = { id, invited, dialogue };
  const legs = dialogue
    ? "select * from calls.success where invitedt = :invited::timestamp and (inviteid = :id::uuid or esgdlg = :dialogue)"
    : "select * from calls.success where inviteid = :id::uuid";
  const ids = dialogue ? `in (select inviteid from calls.success where invitedt = :invited::timestamp and (inviteid = :id::uuid or esgdlg = :dialogue))` : "= :id::uuid";
  const of = (table: string, order: string): Query => asked(`select * from ${table} where inviteid ${ids} order by ${order}`, params);
  return {
    legs: asked(`${legs} order by start_dt`, params),
    cancelled: asked("select * from calls.cancelled where inviteid = :id::uuid", params),
    failed: asked("select * from calls.failed where inviteid = :id::uuid", params),
    forks: of("calls.forks", "forkstart_dt"),
    holds: of("calls.holds", "hold_dt"),
    routes: of("calls.routes", "event_dt"),
    queues: of("ivrhuntq.huntq_calls", "coalesce(dt_greet, dt_enqueue, dt_final)"),
  };
}
