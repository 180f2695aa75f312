// A table of any answer: aligned by type, with times in the site's zone and calls as links.

import type { JSX } from "preact";
import type { Column, Table, Value } from "../api";
import { address } from "../route";
import { bytes, duration, number, percent, t, weekdays, when, word } from "../words";
import { Empty } from "./basics";

const NUMERIC = /^(integer|bigint|smallint|numeric|real|double precision)/;
const SHOWN = 500;

interface Props { table: Table; caption: string; words?: boolean; limit?: number; zone?: string }

/** `words` shows columns and values in the reader's language, instead of exactly as the database has them; times are of `zone`. */
export function DataTable({ table, caption, words = false, limit = SHOWN, zone }: Props): JSX.Element {
  if (!table.rows.length) return <Empty>{t("table.empty")}</Empty>;
  return (
    <>
      <div class="scroll" role="region" aria-label={caption} tabIndex={0}>
        <table>
          <caption class="hidden">{caption}</caption>
          <thead>
            <tr>{table.columns.map((column) => <Head key={column.name} column={column} words={words} />)}</tr>
          </thead>
          <tbody>
            {table.rows.slice(0, limit).map((row, i) => (
              <tr key={i}>{row.map((value, at) => <Cell key={at} value={value} column={table.columns[at]!} words={words} zone={zone} />)}</tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="fine">
        {table.rows.length > limit ? t("table.first", { n: limit, all: table.rows.length }) : t("table.rows", { n: table.rows.length })}
      </p>
    </>
  );
}

export const isNumeric = (column: Column): boolean => NUMERIC.test(column.type);
export const isTime = (column: Column): boolean => /^(timestamp|date)/.test(column.type);

function Head({ column, words }: { column: Column; words: boolean }): JSX.Element {
  const name = words ? word("column", column.name) : column.name;
  return <th scope="col" class={isNumeric(column) ? "number" : ""} title={words ? undefined : column.type}>{name}</th>;
}

function Cell({ value, column, words, zone }: { value: Value; column: Column; words: boolean; zone: string | undefined }): JSX.Element {
  if (value === null) return <td class={isNumeric(column) ? "number null" : "null"}>{words ? "–" : "NULL"}</td>;
  if (column.name === "inviteid" && typeof value === "string") {
    return <td><a href={address("calls", value)}>{words ? t("call.open") : value}</a></td>;
  }
  if (!words) return <td class={isNumeric(column) ? "number" : ""}>{plain(value)}</td>;
  return <td class={isNumeric(column) ? "number" : ""}>{friendly(value, column, zone)}</td>;
}

function plain(value: Value): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const DURATIONS = /(^|_)(seconds|wait|talk|ring|patience|before|after|90|99)$|^(wait|talk)/;

function friendly(value: Value, column: Column, zone: string | undefined): JSX.Element | string {
  if (/^timestamp/.test(column.type) && typeof value === "string") return when(value, "short", zone);
  if (column.type === "date" && typeof value === "string") return when(`${value}T00:00:00`, "weekday", "UTC");
  if (/^(number|from_number|to_number)$/.test(column.name) && value) return <a href={address("calls", "", { number: String(value), days: "90" })}>{String(value)}</a>;
  if (!isNumeric(column)) return typeof value === "string" ? word("value", value) : plain(value);
  if (column.name === "weekday") return weekdays()[Number(value) - 1] ?? String(value);
  if (/service_level|percent/.test(column.name)) return percent(Number(value) / 100, 1);
  if (column.name === "bytes") return bytes(Number(value));
  if (DURATIONS.test(column.name) && !/^talks$/.test(column.name)) return duration(Number(value));
  return number(Number(value), 2);
}
