// The documented tables, for completion: from the channel's entity `schema`.

import type { SQLNamespace } from "@codemirror/lang-sql";
import { channel } from "./api";

interface Described { zone: string; schemas: { name: string; tables: { name: string; columns: { name: string }[] }[] }[] }

let known: Promise<SQLNamespace> | null = null;

/** Return schemas, tables and columns as completion wants them; empty when they cannot be read. */
export function completion(): Promise<SQLNamespace> {
  return (known ??= load());
}

async function load(): Promise<SQLNamespace> {
  const described = await channel<Described>("schema", "data", {}).catch(() => null);
  const schemas: Record<string, Record<string, string[]>> = {};
  for (const part of described?.schemas ?? []) {
    schemas[part.name] = Object.fromEntries(part.tables.map((table) => [table.name.split(".").at(-1)!, table.columns.map((column) => column.name)]));
  }
  return schemas;
}
