// Requests to the API of the same origin: the token, the errors, and the channel's queries.

const KEY = "ringledger-token";
const TIMEOUT_MS = 40_000;

/** The API's root, next to the page's folder: a stage of API Gateway has a path of its own. */
export const ROOT = new URL("../", document.baseURI);

export type Value = string | number | boolean | null | object;
export interface Column { name: string; type: string; label?: string }
export interface Table { columns: Column[]; rows: Value[][] }
export interface Query { psql: string; params?: Record<string, unknown> }

/** A request that failed; `kind` says what a person can do about it. */
export class Failure extends Error {
  constructor(readonly kind: "token" | "scope" | "away" | "refused", message: string, readonly code = "", readonly path = "") {
    super(message);
  }
}

type Listener = (failure: Failure | null) => void;
const listeners = new Set<Listener>();

/** Call `listener` with each failure that concerns the whole page, and with null once the channel answers. */
export function watch(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function tell(failure: Failure | null): void {
  for (const listener of listeners) listener(failure);
}

export const token = {
  get: (): string => sessionStorage.getItem(KEY) ?? "",
  set: (value: string): void => sessionStorage.setItem(KEY, value.trim()),
  clear: (): void => sessionStorage.removeItem(KEY),
};

/** Take a token from `#token=…`, and erase it from the address and the history at once. */
export function takeTokenFromAddress(): boolean {
  const match = /^#token=([^&]+)/.exec(location.hash);
  if (!match) return false;
  history.replaceState(null, "", location.pathname + location.search);
  token.set(decodeURIComponent(match[1] ?? ""));
  return true;
}

const etags = new Map<string, { etag: string; body: unknown }>();

/** A request; a quiet one changes nothing on the page outside of its own part. */
export interface Init extends RequestInit { quiet?: boolean }

/** Send a request with the token; the answer may be any status below 500 but 401. */
export async function request(path: string, { quiet = false, ...init }: Init = {}): Promise<Response> {
  const headers = { Authorization: `Bearer ${token.get()}`, ...(init.headers as Record<string, string> | undefined) };
  let response: Response;
  try {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    response = await fetch(new URL(path, ROOT), { credentials: "omit", cache: "no-store", ...init, headers, signal });
  } catch (fault) {
    if (init.signal?.aborted) throw fault;
    throw global(new Failure("away", "", "", path), quiet);
  }
  if (response.status === 401) throw global(new Failure("token", await message(response)), quiet);
  if (response.status === 403) throw new Failure("scope", await message(response));
  if (response.status >= 500 || response.status === 429) throw global(new Failure("away", await message(response), String(response.status), path), quiet);
  if (!quiet) tell(null);
  return response;
}

function global(failure: Failure, quiet: boolean): Failure {
  if (!quiet) tell(failure);
  return failure;
}

async function message(response: Response): Promise<string> {
  const body = await response.json().catch(() => ({}));
  return body.error && body.error.includes?.(" ") ? body.error : (body.message ?? body.error ?? "");
}

/** Return the JSON of a GET; an unchanged answer comes from memory by its ETag. */
export async function getJson<T>(path: string, init: Init = {}): Promise<T> {
  const known = etags.get(path);
  const response = await request(path, known ? { ...init, headers: { "If-None-Match": known.etag } } : init);
  if (response.status === 304 && known) return known.body as T;
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Failure("refused", body?.message ?? body?.error ?? response.statusText, body?.error ?? "");
  const etag = response.headers.get("ETag");
  if (etag) etags.set(path, { etag, body });
  return body as T;
}

/** Post a JSON body to a surface and return its JSON answer. */
export async function postJson<T>(path: string, content: unknown): Promise<T> {
  const response = await request(path, { method: "POST", body: JSON.stringify(content), headers: JSON_TYPE });
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Failure("refused", body?.message ?? body?.error ?? response.statusText, body?.error ?? "");
  return body as T;
}

const JSON_TYPE = { "Content-Type": "application/json" };

interface Envelope<T> { success: boolean; error: string | null; data: T; location?: string; size?: number }

/** An answer that is too large for one response: it waits in the storage. */
export class Stored extends Error {
  constructor(readonly location: string, readonly size: number) {
    super("stored");
  }
}

const channelAnswers = new Map<string, { etag: string; envelope: unknown }>();

/** Send a request of the statistics channel and return its data; an ETag saves the transfer of the same answer. */
export async function channel<T>(entity: string, action: string, options: object, init: Init = {}): Promise<T> {
  const body = JSON.stringify({ entity, action, options });
  const known = channelAnswers.get(body);
  const headers = { ...JSON_TYPE, ...(known ? { "If-None-Match": known.etag } : {}) };
  const response = await request("statistics?redirect=0", { ...init, method: "POST", body, headers });
  const same = response.status === 304 && known;
  const envelope = (same ? known.envelope : await response.json()) as Envelope<T>;
  const etag = response.headers.get("ETag");
  if (etag && !same) {
    if (channelAnswers.size > 40) channelAnswers.clear();
    channelAnswers.set(body, { etag, envelope });
  }
  if (envelope.location) throw new Stored(envelope.location, envelope.size ?? 0);
  if (!envelope.success) throw new Failure("refused", envelope.error ?? "");
  return envelope.data;
}

/** Run one query and return its columns and rows. */
export function query(asked: Query, init: RequestInit = {}): Promise<Table> {
  return channel<Table>("chronological", "data", { ...asked, format: "columns", bigint: "text" }, init);
}

/** Run several queries in one request; each has its table or its failure. */
export async function queries(asked: Record<string, Query>, init: RequestInit = {}): Promise<Record<string, Table>> {
  const options = { queries: Object.fromEntries(Object.entries(asked).map(([k, q]) => [k, { ...q, format: "columns" }])) };
  const answers = await channel<Record<string, Envelope<Table>>>("chronological", "data", options, init);
  return Object.fromEntries(
    Object.entries(answers).map(([name, each]) => {
      if (!each.success) throw new Failure("refused", each.error ?? "");
      return [name, each.data];
    }),
  );
}

/** Ask the part of the service that a path belongs to whether it answers again. */
export async function probe(path: string): Promise<void> {
  if (path.startsWith("statistics") && path !== "statistics/schema") await channel("chronological", "data", { psql: "select 1" });
  else await request(path.startsWith("operations") ? "operations/jobs?limit=1" : "token");
}

/** Return the rows of a table as objects. */
export function objects(table: Table): Record<string, Value>[] {
  return table.rows.map((row) => Object.fromEntries(table.columns.map((column, i) => [column.name, row[i] ?? null])));
}
