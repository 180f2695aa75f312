// Operations: webhooks by extension and day, raw events, what was set aside, replication, extensions, tokens, and jobs.

import type { JSX } from "preact";
import { getJson } from "../api";
import { Empty, Loading, Trouble, useLoad } from "../parts/basics";
import { type Record_, Records, shown } from "../parts/records";
import { address, type Route } from "../route";
import { type Key, t, word } from "../words";
import { Events } from "./operations_events";
import { Jobs, OrderButton } from "./operations_jobs";

/** Each list with the name under which the answer has its rows. */
const LISTS = { webhooks: "days", quarantine: "messages", "set-aside": "calls", recordings: "recordings", extensions: "extensions", tokens: "tokens" } as const;
const PARTS = ["overview", "webhooks", "events", "quarantine", "set-aside", "replication", "recordings", "extensions", "tokens", "jobs"] as const;
type Part = (typeof PARTS)[number];

export function Operations({ route }: { route: Route }): JSX.Element {
  const [part = "", ...rest] = route.rest.split("/");
  const chosen = (PARTS as readonly string[]).includes(part) ? (part as Part) : "overview";
  return (
    <section>
      <h1>{t("tab.operations")}</h1>
      <nav class="sub" aria-label={t("tab.operations")}>
        {PARTS.map((each) => <a key={each} href={address("operations", each)} aria-current={each === chosen ? "page" : undefined}>{t(`operations.${each}` as Key)}</a>)}
      </nav>
      {chosen === "overview" && <Overview />}
      {chosen === "events" && <Events filters={route.filters} chosen={rest.join("/")} />}
      {chosen === "replication" && <Replication />}
      {chosen === "jobs" && <Jobs />}
      {chosen in LISTS && <List key={chosen} part={chosen as keyof typeof LISTS} />}
    </section>
  );
}

function Overview(): JSX.Element {
  const { data, failure, reload } = useLoad((signal) => getJson<Record_>("operations/overview", { signal }), "overview");
  if (failure) return <Trouble failure={failure} retry={reload} />;
  if (!data) return <Loading lines={6} />;
  return (
    <>
      <dl class="facts card" data-test="overview">
        {Object.entries(data).map(([name, value]) => <div key={name}><dt>{word("figure", name).replaceAll("_", " ")}</dt><dd>{counts(name, value)}</dd></div>)}
      </dl>
      {Number(data["dead_letters"]) > 0 && <OrderButton label={t("operations.redrive")} order={{ kind: "redrive" }} />}
    </>
  );
}

function counts(name: string, value: unknown): string {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return Array.isArray(value) ? String(value.length) : shown(name, value);
  return Object.entries(value).map(([key, each]) => `${key}: ${shown(key, each)}`).join(", ") || "–";
}

function List({ part }: { part: keyof typeof LISTS }): JSX.Element {
  const { data, failure, reload } = useLoad((signal) => getJson<Record<string, Record_[]>>(`operations/${part}`, { signal }), part);
  if (failure) return <Trouble failure={failure} retry={reload} />;
  if (!data) return <Loading lines={6} />;
  const rows = data[LISTS[part]] ?? [];
  if (!rows.length) return <Empty>{t("operations.none")}</Empty>;
  return (
    <>
      {part === "quarantine" && <OrderButton label={t("operations.retryAll")} order={{ kind: "retry-quarantine" }} />}
      <Records
        rows={rows} caption={t(`operations.${part}` as Key)} hidden={[]} linked={part === "webhooks" ? webhookLink : undefined}
        action={part === "quarantine" ? (row) => <OrderButton label={t("retry")} order={{ kind: "retry-quarantine", ids: [String(row["id"])] }} /> : undefined}
      />
    </>
  );
}

/** Lead from the counts of a day to its raw events. */
function webhookLink(row: Record_): string {
  const next = new Date(`${row["day"]}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return address("operations", "events", { extension: String(row["extension"]), since: String(row["day"]), until: next.toISOString().slice(0, 10) });
}

interface Replicated { targets: { name: string; counts: Record<string, number> }[]; cursors: Record_[]; runs: Record_[] }

function Replication(): JSX.Element {
  const { data, failure, reload } = useLoad((signal) => getJson<Replicated>("operations/replication", { signal }), "replication");
  const refused = useLoad((signal) => getJson<{ calls: Record_[] }>("operations/replication/calls?state=rejected", { signal }), "rejected");
  if (failure) return <Trouble failure={failure} retry={reload} />;
  if (!data) return <Loading lines={6} />;
  const part = (title: Key, rows: Record_[]): JSX.Element => (
    <section class="card"><h2>{t(title)}</h2>{rows.length ? <Records rows={rows} caption={t(title)} hidden={[]} /> : <Empty>{t("operations.none")}</Empty>}</section>
  );
  return (
    <>
      {part("operations.targets", data.targets.map(({ name, counts: each }) => ({ name, ...each })))}
      {data.targets.filter((target) => target.counts["rejected"]).map((target) => (
        <OrderButton key={target.name} label={t("operations.retryReplication", { name: target.name })} order={{ kind: "retry-replication", target: target.name }} />
      ))}
      {part("operations.refused", refused.data?.calls ?? [])}
      {part("operations.cursors", data.cursors)}
      {part("operations.runs", data.runs)}
    </>
  );
}
