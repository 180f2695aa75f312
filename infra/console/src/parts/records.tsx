// A table of records of the surface `operations`, whose columns are the names of its JSON.

import type { JSX } from "preact";
import { number, t, when, word } from "../words";

export type Record_ = Record<string, unknown>;
interface Props { rows: Record_[]; caption: string; hidden: string[]; linked?: ((row: Record_) => string) | undefined; action?: ((row: Record_) => JSX.Element) | undefined }

export function Records({ rows, caption, hidden, linked, action }: Props): JSX.Element {
  const names = Object.keys(rows[0] ?? {}).filter((name) => !hidden.includes(name));
  return (
    <>
      <div class="scroll" role="region" aria-label={caption} tabIndex={0}>
        <table>
          <caption class="hidden">{caption}</caption>
          <thead><tr>{names.map((name) => <th key={name} scope="col" class={rows.every((row) => typeof row[name] === "number") ? "number" : ""}>{word("column", name).replaceAll("_", " ")}</th>)}{action && <th scope="col"><span class="hidden">{t("operations.action")}</span></th>}</tr></thead>
          <tbody>
            {rows.map((row, i) => (
              <tr key={i}>{names.map((name, at) => <Cell key={name} name={name} value={row[name]} href={at === 0 && linked ? linked(row) : ""} />)}{action && <td>{action(row)}</td>}</tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="fine">{t("table.rows", { n: rows.length })}</p>
    </>
  );
}

const TROUBLE = new Set(["quarantined", "dead", "rejected", "maybe_delivered", "differs"]);

function Cell({ name, value, href }: { name: string; value: unknown; href: string }): JSX.Element {
  const text = shown(name, value);
  const trouble = TROUBLE.has(name) && typeof value === "number" && value > 0;
  return <td class={`${typeof value === "number" ? "number" : ""} ${trouble ? "worse" : ""}`}>{href ? <a href={href}>{text}</a> : text}</td>;
}

/** Return a value as people read it; ids stay as they are. */
export function shown(name: string, value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "number") return name === "id" || name === "extension" ? String(value) : number(value, 1);
  if (typeof value === "boolean") return word("value", String(value));
  if (Array.isArray(value)) return value.join(", ") || "–";
  if (typeof value === "object") return JSON.stringify(value);
  const text = String(value);
  return /^\d{4}-\d\d-\d\dT\d\d:/.test(text) ? when(text) : text;
}
