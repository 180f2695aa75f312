// A chart of any answer: over time when it has a time, as bars of names otherwise.

import type { JSX } from "preact";
import type { Table } from "../api";
import { Chart, type Series } from "../parts/chart";
import { Bars } from "../parts/pictures";
import { isNumeric, isTime } from "../parts/table";
import { moment, number, t } from "../words";

const COLOURS = ["answered", "missed", "second", "quiet"];
const BARS = 40;

/** Tell whether an answer has something to draw: several rows, a number, and a time or a name. */
export function drawable(table: Table): boolean {
  return table.rows.length > 1 && table.columns.some(isNumeric) && !table.columns.every(isNumeric);
}

export function AnyChart({ table, zone }: { table: Table; zone?: string }): JSX.Element {
  const numbers = table.columns.flatMap((column, i) => (isNumeric(column) ? [i] : []));
  const time = table.columns.findIndex(isTime);
  if (time >= 0) {
    const rows = table.rows.filter((row) => row[time] !== null).toSorted((a, b) => String(a[time]).localeCompare(String(b[time])));
    const series: Series[] = numbers.slice(0, COLOURS.length).map((at, i) => ({
      label: table.columns[at]!.name, colour: COLOURS[i]!, kind: "line" as const, dash: i > 0,
      values: rows.map((row) => (row[at] === null ? null : Number(row[at]))),
    }));
    return <Chart times={rows.map((row) => moment(String(row[time])).getTime() / 1000)} series={series} label={t("sql.answer")} height={300} {...(zone ? { zone } : {})} />;
  }
  const name = table.columns.findIndex((column) => !isNumeric(column));
  const first = numbers[0]!;
  return (
    <Bars
      label={t("sql.answer")}
      bars={table.rows.slice(0, BARS).map((row, i) => ({
        name: String(row[name] ?? i + 1),
        parts: [{ value: Math.max(0, Number(row[first] ?? 0)), colour: "answered", label: table.columns[first]!.name }],
        shown: number(Number(row[first] ?? 0), 2),
      }))}
    />
  );
}
