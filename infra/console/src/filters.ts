// Filters of reports and calls: a period, a queue, an agent, a number, as they stand in the address.

import type { Query } from "./api";
import type { Filters } from "./route";
import { dateOf, siteZone } from "./words";

export interface Period { from: string; to: string }

/** Return the dates of a period, the last one included: `days` is relative to today, `from` and `to` are fixed. */
export function period(filters: Filters, days = 30): Period {
  if (filters["from"] || filters["to"]) {
    const to = filters["to"] || dateOf();
    return { from: filters["from"] || to, to };
  }
  const back = Number(filters["days"] || days);
  return { from: dateOf(1 - Math.max(1, Math.min(back, 3_660))), to: dateOf() };
}

/** Return the date after `date`; a text that is no date stays. */
export function next(date: string): string {
  const at = new Date(`${date}T12:00:00Z`);
  if (Number.isNaN(at.getTime())) return date;
  at.setUTCDate(at.getUTCDate() + 1);
  return at.toISOString().slice(0, 10);
}

const UTC_OF = (name: string): string => `(:${name}::timestamp at time zone :zone at time zone 'UTC')`;

/** The start and the end of the period in the tables' own time, UTC. */
export const SINCE = UTC_OF("since");
export const UNTIL = UTC_OF("until");

/** Return a column of the tables, UTC, in the site's time. */
export const local = (column: string): string => `(${column} at time zone 'UTC' at time zone :zone)`;

/** Return the parameters of a period. */
export function bounds(filters: Filters, days = 30): Record<string, unknown> {
  const { from, to } = period(filters, days);
  return { since: from, until: next(to), zone: siteZone() };
}

/** Return a query whose parameters are those that its text names. */
export function asked(psql: string, params: Record<string, unknown>): Query {
  const used = Object.entries(params).filter(([name]) => new RegExp(`:${name}\\b`).test(psql));
  return { psql, params: Object.fromEntries(used) };
}

/** Return a query with constants in place of its parameters, for people who go on with it. */
export function written(psql: string, constants: Record<string, string>): string {
  return psql.replace(/(?<!:):([a-z]\w*)/g, (whole, name: string) => constants[name] ?? whole);
}

/** Return a text as a constant of SQL. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const digits = (text: string): string => text.replace(/[\s()+.-]/g, "");
