// Replication: each CRM with its counts, the calls in one state with their reasons, the sources, and the latest runs.

import type { JSX } from "preact";
import { getJson } from "../api";
import { Empty, Loading, Note, Trouble, useLoad } from "../parts/basics";
import { type Record_, Records } from "../parts/records";
import { address, type Filters, go } from "../route";
import { type Key, number, t, word } from "../words";
import { OrderButton } from "./operations_jobs";

interface Replicated { targets: { name: string; counts: Record<string, number> }[]; cursors: Record_[]; corrections: Record_[]; runs: Record_[] }
const STATES = ["rejected", "maybe_delivered", "differs", "pending", "delivered", "withdrawn"];
/** The states from which a call can be sent again. */
const RETRIED = new Set(["rejected", "maybe_delivered"]);

export function Replication({ filters }: { filters: Filters }): JSX.Element {
  const { data, failure, reload } = useLoad((signal) => getJson<Replicated>("operations/replication", { signal }), "replication");
  if (failure) return <Trouble failure={failure} retry={reload} />;
  if (!data) return <Loading lines={6} />;
  if (!data.targets.length && !data.runs.length) return <Empty>{t("operations.empty.replication")}</Empty>;
  const part = (title: Key, rows: Record_[], hidden: string[] = []): JSX.Element => (
    <section class="card"><h2>{t(title)}</h2>{rows.length ? <Records rows={rows} caption={t(title)} hidden={hidden} /> : <Empty>{t("operations.none")}</Empty>}</section>
  );
  return (
    <>
      {data.targets.map((target) => (
        <section class="card" key={target.name}>
          <header class="row">
            <h2>{target.name}</h2>
            {(target.counts["rejected"] ?? 0) > 0 && <OrderButton label={t("operations.retryAll")} order={{ kind: "retry-replication", target: target.name }} after={reload} />}
          </header>
          {(target.counts["held"] ?? 0) > 0 && <Note>{t("operations.held", { n: target.counts["held"] ?? 0 })}</Note>}
          <dl class="figures in-card">
            {STATES.filter((state) => state in target.counts).map((state) => (
              <div key={state} class="figure"><dt>{word("state", state)}</dt><dd><a href={address("operations", "replication", { state, target: target.name })}>{number(target.counts[state] ?? 0)}</a></dd></div>
            ))}
          </dl>
        </section>
      ))}
      <Calls filters={filters} reloadCounts={reload} severalTargets={data.targets.length > 1} />
      <section class="card" data-test="corrections">
        <h2>{t("operations.corrections")}</h2>
        <p class="fine">{t("operations.corrections.about")} <code>ringledger replication correct {t("operations.corrections.day")}</code></p>
        {data.corrections.length ? <Records rows={data.corrections} caption={t("operations.corrections")} hidden={[]} first={["day", "state", "reason"]} /> : <Empty>{t("operations.corrections.none")}</Empty>}
      </section>
      {part("operations.cursors", data.cursors)}
      {part("operations.runs", data.runs.map(({ kind, ...run }) => ({ id: run["id"], started_at: run["started_at"], run: kind, outcome: run["outcome"], ...run })))}
    </>
  );
}

function Calls({ filters, reloadCounts, severalTargets }: { filters: Filters; reloadCounts: () => void; severalTargets: boolean }): JSX.Element {
  const hidden = ["state", "reference", ...(severalTargets ? [] : ["target"])];
  const state = filters["state"] || "rejected";
  const asked = new URLSearchParams({ state });
  for (const name of ["target", "since", "until"]) if (filters[name]) asked.set(name, filters[name]);
  const change = (next: Filters): void => go(address("operations", "replication", { ...filters, ...next }), true);
  const { data, failure, reload, busy } = useLoad((signal) => getJson<{ calls: Record_[] }>(`operations/replication/calls?${asked}`, { signal }), asked.toString());
  const after = (): void => {
    reload();
    reloadCounts();
  };
  const retry = (row: Record_): JSX.Element => <OrderButton label={t("retry")} order={{ kind: "retry-replication", target: row["target"], ids: [row["id"]] }} after={after} />;
  return (
    <section class="card" aria-busy={busy} data-test="replicated">
      <h2>{t("operations.replicated")}</h2>
      <div class="row">
        <span class="segments" role="group" aria-label={t("column.state")}>
          {STATES.map((each) => <a key={each} class="segment" aria-current={each === state ? "true" : undefined} href={address("operations", "replication", { ...filters, state: each })}>{word("state", each)}</a>)}
        </span>
        <span class="actions">
          {(["since", "until"] as const).map((name) => (
            <label key={name} class="field"><span>{t(`event.${name}`)}</span><input type="date" name={name} value={filters[name] ?? ""} onChange={(event) => change({ [name]: event.currentTarget.value })} /></label>
          ))}
        </span>
      </div>
      {filters["target"] && <p class="fine">{t("operations.ofTarget", { name: filters["target"] })} <button type="button" class="quiet small-button" onClick={() => change({ target: "" })}>{t("operations.everyTarget")}</button></p>}
      {failure && <Trouble failure={failure} retry={reload} />}
      {!data && !failure && <Loading lines={4} />}
      {data && (data.calls.length ? <Records rows={data.calls} caption={t("operations.replicated")} hidden={hidden} first={["initiated", "source", "destination", "reason", "duration", "attempts"]} action={RETRIED.has(state) ? retry : undefined} /> : <Empty>{t("operations.noCalls")}</Empty>)}
    </section>
  );
}
