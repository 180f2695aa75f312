// The channel's saved reports: their list, their parameters from the filters, and their answers.

import { channel, type Table } from "./api";
import { period } from "./filters";
import type { Filters } from "./route";
import { language, siteZone } from "./words";

interface Title { en: string; ru: string }
export interface Parameter { name: string; type: string; default: string | number | boolean | null; required: boolean; title: Title }
export interface Report { name: string; title: Title; description: Title; psql: string; parameters: Parameter[]; origin: string; changed_at: string | null; changed_by: string | null }

/** Filters of the page and of every report; other parameters belong to one report. */
const COMMON = ["from", "to", "queue", "agent", "number"];

let known: Promise<Report[]> | null = null;

/** Return every report, in the order in which they matter. */
export function reports(): Promise<Report[]> {
  known ??= channel<Report[]>("reports", "list", {}).then((found) => found.toSorted((a, b) => rank(a) - rank(b)));
  known.catch(() => (known = null));
  return known;
}

export const forgetReports = (): void => void (known = null);

const FIRST = [
  "not-called-back", "service-level", "heat-map", "calls-per-hour", "abandoned-by-queue", "agents-time", "duration-percentiles", "transfers",
  "repeated-callers", "longest-waits", "concurrency", "recordings",
];
const rank = (report: Report): number => (FIRST.includes(report.name) ? FIRST.indexOf(report.name) : FIRST.length);

/** Return a title in the reader's language, or in English. */
export function titled(title: Title): string {
  return (language() === "ru" && title.ru) || title.en;
}

/** Return the parameters of a report that the filters give; the dates are those of the period. */
export function params(report: Report, filters: Filters): Record<string, unknown> {
  const { from, to } = period(filters);
  const given: Filters = { ...filters, from, to };
  const found: Record<string, unknown> = { zone: siteZone() };
  for (const { name, type } of report.parameters) {
    const value = given[name];
    if (value) found[name] = type === "integer" || type === "number" ? Number(value) : type === "boolean" ? value === "true" : value;
  }
  return found;
}

/** Return the report's own parameters, which the bar of filters does not have. */
export function ownParameters(report: Report): Parameter[] {
  return report.parameters.filter((each) => !COMMON.includes(each.name));
}

/** Return the active filters that a report does not know, so that nobody takes its figures for filtered ones. */
export function ignored(report: Report, filters: Filters): string[] {
  const names = new Set(report.parameters.map((each) => each.name));
  return ["queue", "agent", "number"].filter((name) => filters[name] && !names.has(name));
}

/** Run a report. */
export function run(report: Report, filters: Filters, init: RequestInit): Promise<Table> {
  return channel<Table>("reports", "run", { name: report.name, params: params(report, filters), format: "columns" }, init);
}

/** Remove a saved report; where it replaced one of Ringledger's own, that one is back. */
export async function remove(report: Report): Promise<void> {
  await channel("reports", "remove", { name: report.name });
  forgetReports();
}

/** Return the address of the report as a file, relative to the API. */
export function fileAddress(report: Report, filters: Filters, ending: string, excel = false): string {
  const values = Object.entries(params(report, filters)).map(([name, value]) => [name, String(value)]);
  return `reports/${report.name}.${ending}?${new URLSearchParams([...values, ...(excel ? [["excel", "1"]] : [])])}`;
}
