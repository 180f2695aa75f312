// The picture of a report, drawn from its columns. A report without a picture of its own gets one by the types of its columns.

import type { JSX } from "preact";
import type { Table, Value } from "../api";
import { Chart, type Series } from "../parts/chart";
import { type Bar, Bars, HeatMap } from "../parts/pictures";
import { DataTable } from "../parts/table";
import { address, type Filters } from "../route";
import { clock, duration, moment, number, percent, t, word } from "../words";
import { AnyChart, drawable } from "./any_chart";

type Row = Record<string, Value>;
interface Scene { rows: Row[]; table: Table; filters: Filters; small: boolean; label: string }
type Picture = (scene: Scene) => JSX.Element;

const BARS_OF_A_CARD = 8;
const BARS = 40;
const ROWS_OF_A_CARD = 8;
/** Longer periods are shown by day, or summed by the hour of the day. */
const HOURS_SHOWN = 8 * 24;

const count = (value: Value | undefined): number => Number(value ?? 0);
const part = (value: Value | undefined, colour: string, label: string): Bar["parts"][number] => ({ value: count(value), colour, label });
const answeredAndMissed = (row: Row): Bar["parts"] => [part(row["answered"], "answered", t("state.answered")), part(row["missed"], "missed", t("state.missed"))];

const PICTURES: Record<string, Picture> = {
  "not-called-back": brief("number", "missed", "last_missed", "longest_wait"),
  "longest-waits": brief("called_at", "number", "wait"),
  "service-level": (scene) => (
    <>
      <Timed scene={scene} stacked lines={[{ column: "missed", colour: "missed" }, { column: "answered", colour: "answered" }]} />
      <Timed scene={scene} max={102} unit={(value) => percent(value / 100)} height={140} lines={[{ column: "service_level", colour: "answered", kind: "line", fill: true }]} />
    </>
  ),
  "heat-map": ({ rows, label }) => <HeatMap label={label} cells={rows.map((row) => ({ day: count(row["weekday"]), hour: count(row["hour"]), value: count(row["incoming"]) }))} />,
  "calls-per-hour": (scene) => (scene.rows.length <= HOURS_SHOWN ? <Timed scene={scene} stacked lines={CALLS} /> : <Timed scene={{ ...scene, rows: byHour(scene.rows, ["answered", "missed"]) }} stacked lines={CALLS} ofDay />),
  concurrency: (scene) => <Timed scene={{ ...scene, rows: scene.rows.length <= HOURS_SHOWN ? scene.rows : highest(scene.rows, ["most_calls", "most_talks"]) }} lines={[{ column: "most_calls", colour: "answered", kind: "line", fill: true }, { column: "most_talks", colour: "second", kind: "line", dash: true }]} />,
  "abandoned-by-queue": bars((row, filters) => ({
    name: String(row["queue"] ?? t("unknown")),
    parts: [part(row["answered"], "answered", t("state.answered")), part(row["abandoned"], "missed", t("column.abandoned"))],
    shown: `${number(count(row["abandoned"]))} · ${percent(count(row["abandoned_percent"]) / 100, 1)}`,
    href: address("calls", "", { ...filters, queue: String(row["queue"] ?? "") }),
  })),
  "agents-time": bars((row, filters) => ({
    name: String(row["person"] || row["agent"]), parts: [part(row["talk"], "answered", t("column.talk"))], shown: duration(count(row["talk"])),
    href: address("calls", "", { ...filters, agent: String(row["agent"]) }),
  })),
  transfers: bars((row) => ({ name: `${row["from_agent"]} → ${row["to_agent"]}`, parts: [part(row["transfers"], "answered", t("column.transfers"))], shown: number(count(row["transfers"])) })),
  "repeated-callers": bars((row, filters) => ({ name: String(row["number"]), parts: answeredAndMissed(row), shown: number(count(row["calls"])), href: address("calls", "", { ...filters, number: String(row["number"]) }) })),
  "duration-percentiles": (scene) => <>{percentiles(scene, "wait", "median_wait", "wait_90")}{percentiles(scene, "talk", "median_talk", "talk_90")}</>,
  recordings: (scene) => <Timed scene={{ ...scene, rows: byDay(scene.rows, 1, ["recorded"]) }} lines={[{ column: "recorded", colour: "answered" }]} />,
};

interface Line { column: string; colour: string; kind?: "bars" | "line"; dash?: boolean; fill?: boolean }
const CALLS: Line[] = [{ column: "missed", colour: "missed" }, { column: "answered", colour: "answered" }];

export function Drawn({ name, ...scene }: Scene & { name: string }): JSX.Element {
  const picture = PICTURES[name];
  if (picture) return picture(scene);
  if (drawable(scene.table)) return <AnyChart table={scene.table} zone="UTC" />;
  return <DataTable table={scene.table} caption={scene.label} words zone="UTC" limit={scene.small ? ROWS_OF_A_CARD : 500} />;
}

/** Tell whether the picture of a report is its table, so that its page shows it once. */
export function isTable(name: string, table: Table): boolean {
  return name === "not-called-back" || name === "longest-waits" || !(name in PICTURES || drawable(table));
}

function brief(...columns: string[]): Picture {
  return ({ table, label }) => {
    const kept = columns.flatMap((name) => table.columns.findIndex((column) => column.name === name)).filter((at) => at >= 0);
    const shown = { columns: kept.map((at) => table.columns[at]!), rows: table.rows.map((row) => kept.map((at) => row[at] ?? null)) };
    return <DataTable table={shown} caption={label} words zone="UTC" limit={ROWS_OF_A_CARD} />;
  };
}

function bars(of: (row: Row, filters: Filters) => Bar): Picture {
  return ({ rows, filters, small, label }) => <Bars label={label} bars={rows.slice(0, small ? BARS_OF_A_CARD : BARS).map((row) => of(row, filters))} />;
}

function percentiles(scene: Scene, kind: "wait" | "talk", median: string, most: string): JSX.Element {
  const of = (row: Row): Bar => ({
    name: word("direction", String(row["direction"])),
    parts: [part(row[median], "answered", t("column.median")), part(Math.max(0, count(row[most]) - count(row[median])), "second", t("column.most"))],
    shown: `${clock(count(row[median]))} · ${clock(count(row[most]))}`,
  });
  return <><h3>{t(`column.${kind}`)}</h3><Bars label={`${scene.label}: ${t(`column.${kind}`)}`} bars={scene.rows.map(of)} /></>;
}

interface TimedProps { scene: Scene; lines: Line[]; stacked?: boolean; unit?: (value: number) => string; max?: number; height?: number; ofDay?: boolean }

function Timed({ scene, lines, stacked, unit, max, height, ofDay }: TimedProps): JSX.Element {
  const series: Series[] = lines.map((line) => ({
    ...line, label: word("column", line.column), values: scene.rows.map((row) => (row[line.column] == null ? null : Number(row[line.column]))),
  }));
  return (
    <Chart
      times={scene.rows.map((row) => moment(String(Object.values(row)[0])).getTime() / 1000)} series={series} label={scene.label} zone="UTC"
      {...(stacked ? { stacked } : {})} {...(ofDay ? { ofDay } : {})} {...(unit ? { unit } : {})} {...(max ? { max } : {})} height={height ?? 200}
    />
  );
}

const dayOf = (row: Row): string => String(Object.values(row)[0]).slice(0, 10);

/** Return one row for each day with the sums of the columns; `each` counts rows instead. */
function byDay(rows: Row[], each: number, columns: string[]): Row[] {
  const days = new Map<string, Row>();
  for (const row of rows) {
    const day = days.get(dayOf(row)) ?? { day: dayOf(row) };
    for (const column of columns) day[column] = count(day[column]) + (each || count(row[column]));
    days.set(dayOf(row), day);
  }
  return [...days.values()].sort((a, b) => dayOf(a).localeCompare(dayOf(b)));
}

/** Return one row for each hour of the day, on a day of no meaning, with the sums of the columns. */
function byHour(rows: Row[], columns: string[]): Row[] {
  const hours = Array.from({ length: 24 }, (_, hour): Row => ({ hour: `2024-01-01T${String(hour).padStart(2, "0")}:00:00` }));
  for (const row of rows) {
    const hour = hours[Number(String(Object.values(row)[0]).slice(11, 13))]!;
    for (const column of columns) hour[column] = count(hour[column]) + count(row[column]);
  }
  return hours;
}

/** Return one row for each day with the highest values of the columns. */
function highest(rows: Row[], columns: string[]): Row[] {
  const days = new Map<string, Row>();
  for (const row of rows) {
    const day = days.get(dayOf(row)) ?? { day: dayOf(row) };
    for (const column of columns) day[column] = Math.max(count(day[column]), count(row[column]));
    days.set(dayOf(row), day);
  }
  return [...days.values()];
}
