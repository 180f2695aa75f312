// The picture of a report, drawn from the columns of its answer.

import type { JSX } from "preact";
import { objects, type Table, type Value } from "../api";
import { Chart, type Series } from "../parts/chart";
import { type Bar, Bars, HeatMap } from "../parts/pictures";
import { DataTable } from "../parts/table";
import type { Report } from "../report_catalog";
import { address, type Filters } from "../route";
import { duration, moment, number, percent, t, word } from "../words";

interface Props { report: Report; table: Table; filters: Filters; small?: boolean }
const BARS_OF_A_CARD = 8;
const BARS = 40;

export function Drawn({ report, table, filters, small = false }: Props): JSX.Element {
  const label = t(`report.${report.name}` as "report.heat-map");
  if (report.picture === "heat") return <HeatMap label={label} cells={objects(table).map(heat)} />;
  if (report.picture === "bars") {
    const bars = objects(table).slice(0, small ? BARS_OF_A_CARD : BARS).map((row) => (BAR_OF[report.name] ?? anyBar)(row, filters));
    return <Bars label={label} bars={bars} />;
  }
  if (report.picture === "table") return <DataTable table={briefly(table, small)} caption={label} words limit={small ? 6 : 500} />;
  return <Timed report={report} table={table} label={label} />;
}

const count = (value: Value | undefined): number => Number(value ?? 0);
const heat = (row: Record<string, Value>): { day: number; hour: number; value: number } => ({
  day: count(row["weekday"]), hour: count(row["hour"]), value: count(row["calls"]),
});

function briefly(table: Table, small: boolean): Table {
  if (!small) return table;
  const kept = table.columns.flatMap((column, i) => (column.name === "called" || column.name === "abandoned" ? [] : [i]));
  return { columns: kept.map((i) => table.columns[i]!), rows: table.rows.map((row) => kept.map((i) => row[i] ?? null)) };
}

type BarOf = (row: Record<string, Value>, filters: Filters) => Bar;
const part = (value: Value | undefined, colour: string, label: string): Bar["parts"][number] => ({ value: count(value), colour, label });

const BAR_OF: Record<string, BarOf> = {
  abandoned: (row, filters) => ({
    name: String(row["queue"]),
    parts: [part(row["answered"], "answered", t("state.answered")), part(row["abandoned"], "missed", t("column.abandoned"))],
    shown: `${number(count(row["abandoned"]))} · ${percent(count(row["abandoned_share"]), 1)}`,
    href: address("calls", "", { ...filters, queue: String(row["queue"]) }),
  }),
  agents: (row, filters) => ({
    name: String(row["name"] || row["agent"]),
    parts: [part(row["incoming_seconds"], "answered", t("direction.incoming")), part(row["outgoing_seconds"], "second", t("direction.outgoing"))],
    shown: duration(count(row["talk_seconds"])),
    href: address("calls", "", { ...filters, agent: String(row["agent"]) }),
  }),
  transfers: (row) => ({
    name: `${row["from_agent"]} → ${row["to_agent"]}`,
    parts: [part(row["transfers"], "answered", t("column.transfers"))],
    shown: number(count(row["transfers"])),
  }),
  "repeat-callers": (row, filters) => ({
    name: String(row["caller"]),
    parts: [part(row["answered"], "answered", t("state.answered")), part(row["missed"], "missed", t("state.missed"))],
    shown: number(count(row["calls"])),
    href: address("calls", "", { ...filters, number: String(row["caller"]) }),
  }),
  durations: (row) => ({
    name: count(row["up_to_seconds"]) > 80_000 ? t("longer") : `≤ ${duration(count(row["up_to_seconds"]))}`,
    parts: [part(row["calls"], "answered", t("column.calls"))],
    shown: number(count(row["calls"])),
  }),
};

function anyBar(row: Record<string, Value>): Bar {
  const [[, name], ...rest] = Object.entries(row) as [[string, Value], ...[string, Value][]];
  const [key, value] = rest.find(([, each]) => typeof each === "number") ?? ["", 0];
  return { name: String(name), parts: [part(value, "answered", word("column", key))], shown: number(count(value), 2) };
}

interface Line { column: string; colour: string; kind?: "bars" | "line"; dash?: boolean; fill?: boolean }
interface Drawing { lines: Line[]; unit?: (value: number) => string; max?: number; stacked?: boolean }
const LINES: Record<string, Drawing> = {
  "calls-per-day": { stacked: true, lines: [{ column: "missed", colour: "missed" }, { column: "answered", colour: "answered" }] },
  recordings: { stacked: true, lines: [{ column: "recorded", colour: "answered" }, { column: "not_recorded", colour: "quiet" }, { column: "deleted", colour: "second" }] },
  "service-level": { max: 1.02, unit: (value) => percent(value), lines: [{ column: "service_level", colour: "answered", kind: "line", fill: true }, { column: "answered_share", colour: "second", kind: "line", dash: true }] },
  waits: { unit: (value) => duration(value), lines: [{ column: "median_wait", colour: "answered", kind: "line", fill: true }, { column: "p90_wait", colour: "missed", kind: "line", dash: true }] },
  concurrency: { lines: [{ column: "concurrent", colour: "answered", kind: "line", fill: true }] },
};

function Timed({ report, table, label }: { report: Report; table: Table; label: string }): JSX.Element {
  const drawing: Drawing = LINES[report.name] ?? { lines: table.columns.slice(1, 3).map((column, i) => ({ column: column.name, colour: i ? "missed" : "answered" })) };
  const rows = objects(table);
  const series: Series[] = drawing.lines.map((line) => ({
    ...line, label: word("column", line.column), values: rows.map((row) => (row[line.column] == null ? null : Number(row[line.column]))),
  }));
  return (
    <Chart
      times={rows.map((row) => midday(String(Object.values(row)[0])))} series={series} label={label}
      {...(drawing.stacked ? { stacked: true } : {})} {...(drawing.unit ? { unit: drawing.unit } : {})} {...(drawing.max ? { max: drawing.max } : {})}
    />
  );
}

/** Return a date of the site as a moment within that day in any zone; a time of the site stays as it is. */
function midday(text: string): number {
  return moment(text.length === 10 ? `${text}T12:00:00` : text).getTime() / 1000;
}
