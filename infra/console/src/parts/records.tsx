// A table of records of the surface `operations`, whose columns are the names of its JSON.

import type { JSX } from "preact";
import { bytes, number, t, when, word } from "../words";

export type Record_ = Record<string, unknown>;
interface Props { rows: Record_[]; caption: string; hidden: string[]; linked?: ((row: Record_) => string) | undefined; action?: ((row: Record_) => JSX.Element) | undefined; bars?: string; first?: readonly string[] | undefined }

/** `bars` names a column of counts, which get a bar in proportion to the largest; `first` are the columns to begin with. */
export function Records({ rows, caption, hidden, linked, action, bars, first = [] }: Props): JSX.Element {
  const all = Object.keys(rows[0] ?? {}).filter((name) => !hidden.includes(name) && rows.some((row) => !isEmpty(row[name])));
  const names = [...first.filter((name) => all.includes(name)), ...all.filter((name) => !first.includes(name))];
  const most = bars ? Math.max(1, ...rows.map((row) => Number(row[bars]))) : 0;
  return (
    <>
      <div class={names.length > 4 || action ? "scroll records cards" : "scroll records"} role="region" aria-label={caption} tabIndex={0}>
        <table>
          <caption class="hidden">{caption}</caption>
          <thead><tr>{names.map((name) => <th key={name} scope="col" class={isNumeric(rows, name) ? "number" : ""}>{heading(name)}</th>)}{action && <th scope="col"><span class="hidden">{t("operations.action")}</span></th>}</tr></thead>
          <tbody>
            {rows.map((row, i) => (
              <tr key={i}>{names.map((name, at) => <Cell key={name} name={name} value={row[name]} numeric={isNumeric(rows, name)} href={at === 0 && linked ? linked(row) : ""} share={name === bars ? Number(row[name]) / most : 0} />)}{action && <td class="does">{action(row)}</td>}</tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="fine">{t("table.rows", { n: rows.length })}</p>
    </>
  );
}

/** A column in which no row says anything is left out. */
const isEmpty = (value: unknown): boolean => value === null || value === undefined || value === "" || value === false || (Array.isArray(value) && !value.length);

const heading = (name: string): string => word("column", name).replaceAll("_", " ");

/** A column of numbers may lack some of them. */
const isNumeric = (rows: Record_[], name: string): boolean => rows.every((row) => typeof row[name] === "number" || row[name] === null) && rows.some((row) => row[name] !== null);

const TROUBLE = new Set(["quarantined", "dead", "rejected", "maybe_delivered", "differs"]);

const WORDS: Record<string, string> = { state: "state", outcome: "state", type: "type", run: "run" };

function Cell({ name, value, numeric, href, share }: { name: string; value: unknown; numeric: boolean; href: string; share: number }): JSX.Element {
  const text = WORDS[name] && typeof value === "string" && value ? word(WORDS[name], value) : shown(name, value);
  const isCount = typeof value === "number";
  const trouble = TROUBLE.has(name) && isCount && value > 0;
  const inner = href ? <a href={href}>{text}</a> : text;
  const classes = [numeric ? "number" : "", text === "–" ? "none" : "", trouble ? "worse" : "", isCount && value === 0 ? "null" : "", LONG.has(name) ? "long" : "", name === "id" || name === "inviteid" ? "id" : ""];
  return <td class={classes.filter(Boolean).join(" ")} data-label={heading(name)}>{share ? <><span class="share" style={{ width: `${Math.max(1, share * 100)}%` }} aria-hidden="true" />{inner}</> : inner}</td>;
}

/** Texts that may have several lines. */
const LONG = new Set(["reason", "away_reason", "outcome", "result", "parameters", "facts", "numbers"]);

const SIZES = new Set(["size", "bytes"]);

/** Return a value as people read it; ids stay as they are. */
export function shown(name: string, value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "number" && SIZES.has(name)) return bytes(value);
  if (typeof value === "number") return name === "id" || name === "extension" ? String(value) : number(value, 1);
  if (typeof value === "boolean") return word("value", String(value));
  if (Array.isArray(value)) return value.join(", ") || "–";
  if (typeof value === "object") return JSON.stringify(value);
  const text = String(value);
  if (name === "reason") return spoken(text);
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return when(`${text}T12:00:00Z`, "weekday", "UTC");
  return /^\d{4}-\d\d-\d\dT\d\d:/.test(text) ? when(text) : text;
}

/** Return a CRM's reasons, which it gives as JSON, as words: `destination: unknown`. */
function spoken(reason: string): string {
  if (!reason.startsWith("{")) return reason;
  try {
    const parts = Object.entries(JSON.parse(reason) as Record<string, unknown>);
    return parts.map(([name, each]) => `${name}: ${typeof each === "object" ? JSON.stringify(each) : each}`).join("; ");
  } catch {
    return reason;
  }
}
