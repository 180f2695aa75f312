// The lists of the surface `operations`: their states, their filters, and what can be done with a row.

import type { JSX } from "preact";
import { opens } from "../access";
import { getJson } from "../api";
import { Empty, Loading, Trouble, useLoad } from "../parts/basics";
import { type Record_, Records } from "../parts/records";
import { address, type Filters, go } from "../route";
import { t, word } from "../words";
import { Address } from "./operations_address";
import { OrderButton } from "./operations_jobs";

interface Kind {
  /** The name of the rows in the answer. */
  rows: string;
  hidden?: string[];
  /** The columns that come first. */
  first?: string[];
  /** The parameter that chooses a state, and its values; the first is chosen without it. */
  states?: { name: string; values: readonly string[] };
  find?: boolean;
  /** Make a row as it is shown of one as it comes. */
  shaped?: (row: Record_) => Record_;
  linked?: (row: Record_) => string;
  action?: (row: Record_, reload: () => void) => JSX.Element | null;
  /** An order for all rows. */
  all?: { label: "operations.retryAll" | "operations.redriveAll" | "operations.retryFailed"; order: object };
}

const again = (label: string, order: object, reload: () => void): JSX.Element => <OrderButton label={label} order={order} after={reload} />;

const KINDS: Record<string, Kind> = {
  quarantine: {
    rows: "messages", hidden: ["id"], first: ["quarantined_at", "reason"], states: { name: "state", values: ["waiting", "all"] },
    linked: (row) => address("operations", `quarantine/${row["id"]}`),
    action: (row, reload) => (row["retried_at"] ? null : again(t("retry"), { kind: "retry-quarantine", ids: [row["id"]] }, reload)),
    all: { label: "operations.retryAll", order: { kind: "retry-quarantine" } },
  },
  "dead-letters": {
    rows: "dead_letters", hidden: ["id", "event"], first: ["accepted_at", "reason"],
    linked: (row) => address("operations", `dead-letters/${row["id"]}`),
    action: (row, reload) => again(t("operations.redriveOne"), { kind: "redrive", ids: [row["id"]] }, reload),
    all: { label: "operations.redriveAll", order: { kind: "redrive" } },
  },
  "set-aside": {
    rows: "calls", first: ["id", "reason"],
    linked: (row) => address("operations", "events", { call: String(row["id"]), state: "set-aside", since: String(row["last_accepted_at"]).slice(0, 10) }),
    action: (row, reload) => again(t("operations.replayOne"), replayOf(row), reload),
  },
  recordings: {
    rows: "recordings", hidden: ["path", "storage", "client"], first: ["inviteid", "state", "reason"], states: { name: "state", values: ["", "failed", "pending", "ready", "deleted"] },
    linked: (row) => (opens("calls") || opens("recordings") ? address("calls", String(row["inviteid"])) : ""),
    action: (row, reload) => (row["state"] === "failed" || row["state"] === "pending" ? again(t("retry"), { kind: "retry-recordings", ids: [row["inviteid"]] }, reload) : null),
    all: { label: "operations.retryFailed", order: { kind: "retry-recordings" } },
  },
  orders: { rows: "orders", hidden: ["id", "call_id"], first: ["ordered_at", "command", "user", "outcome", "reason"], states: { name: "outcome", values: ["not-taken", "failed", "done", "taken", "waiting", ""] } },
  extensions: { rows: "extensions", first: ["name", "owner", "type", "provider", "client"], action: (row) => (row["revoked_at"] ? null : <Address row={row} />) },
  tokens: { rows: "tokens" },
  users: { rows: "users", hidden: ["id", "line_id"] },
  contacts: { rows: "contacts", first: ["name", "numbers", "calls"], hidden: ["id"], find: true, linked: (row) => address("operations", `contacts/${row["id"]}`) },
  faxes: { rows: "faxes", hidden: ["id"], first: ["added_at", "name"] },
  archive: { rows: "months", first: ["month", "what", "state"], shaped: ({ kind, ...row }) => ({ ...row, what: word("archived", String(kind)) }) },
};

/** Return the order that tries one call again: a replay of the moment of its last webhook. */
function replayOf(row: Record_): object {
  const since = new Date(String(row["last_accepted_at"]));
  return { kind: "replay", since: since.toISOString(), until: new Date(since.getTime() + 1_000).toISOString(), provider: row["provider"] };
}

export function List({ part, filters }: { part: string; filters: Filters }): JSX.Element {
  const kind = KINDS[part]!;
  const asked = new URLSearchParams(Object.entries(filters).filter(([, value]) => value));
  if (asked.get("outcome") === "all") asked.set("outcome", "");
  const path = `operations/${part}${asked.size ? `?${asked}` : ""}`;
  const { data, failure, reload, busy } = useLoad((signal) => getJson<Record<string, Record_[]>>(path, { signal }), path);
  const rows = ((data?.[kind.rows] ?? []) as Record_[]).map(kind.shaped ?? ((row) => row));
  const { action } = kind;
  return (
    <div aria-busy={busy} data-test={part}>
      <div class="row">
        {kind.states && <States part={part} name={kind.states.name} values={kind.states.values} filters={filters} />}
        {kind.find && <Find part={part} value={filters["find"] ?? ""} />}
        {kind.all && rows.length > 0 && <OrderButton label={t(kind.all.label)} order={kind.all.order} after={reload} />}
      </div>
      {failure && <Trouble failure={failure} retry={reload} />}
      {!data && !failure && <Loading lines={6} />}
      {data && !rows.length && <Empty>{word("operations.empty", part)}</Empty>}
      {rows.length > 0 && (
        <Records
          rows={rows} caption={word("operations", part)} hidden={kind.hidden ?? []} first={kind.first} linked={kind.linked}
          action={action && ((row) => action(row, reload) ?? <></>)}
        />
      )}
    </div>
  );
}

function States({ part, name, values, filters }: { part: string; name: string; values: readonly string[]; filters: Filters }): JSX.Element {
  const chosen = filters[name] ?? values[0];
  return (
    <span class="segments" role="group" aria-label={t("column.state")}>
      {values.map((each) => {
        const value = name === "outcome" && each === "" ? "all" : each;
        return <button key={each} type="button" aria-pressed={chosen === value} onClick={() => go(address("operations", part, { [name]: value }), true)}>{each ? word("state", each) : t("any")}</button>;
      })}
    </span>
  );
}

function Find({ part, value }: { part: string; value: string }): JSX.Element {
  return (
    <label class="field grow">
      <span>{t("number")}</span>
      <input type="search" name="find" value={value} onChange={(event) => go(address("operations", part, { find: event.currentTarget.value.trim() }), true)} />
    </label>
  );
}
