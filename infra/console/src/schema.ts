// The documented tables, for completion: from the channel's entity `schema`, where the server has it.

import type { SQLNamespace } from "@codemirror/lang-sql";
import { getJson } from "./api";

interface Described { tables?: { schema: string; name: string; columns: { name: string; type: string }[] }[] }

let known: Promise<SQLNamespace> | null = null;

/** Return schemas, tables and columns as completion wants them; empty when the server does not describe them. */
export function completion(): Promise<SQLNamespace> {
  return (known ??= load());
}

async function load(): Promise<SQLNamespace> {
  const described = await getJson<Described & { data?: Described }>("statistics/schema").catch(() => null);
  const schemas: Record<string, Record<string, string[]>> = {};
  for (const table of (described?.data ?? described)?.tables ?? []) {
    (schemas[table.schema] ??= {})[table.name] = table.columns.map((column) => column.name);
  }
  return schemas;
}
