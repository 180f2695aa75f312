// Webhooks of the last days: accepted, quarantined and dead, by day or by extension; a count leads to its raw events.

import type { JSX } from "preact";
import { getJson } from "../api";
import { Empty, Loading, Trouble, useLoad } from "../parts/basics";
import { type Record_, Records } from "../parts/records";
import { address, type Filters, go } from "../route";
import { t, when } from "../words";

interface Count extends Record_ { day: string; extension: number; name: string; provider: string; accepted: number; quarantined: number; dead: number }
const DAYS = [1, 7, 31];
const BY = ["day", "extension", "both"] as const;

export function Webhooks({ filters }: { filters: Filters }): JSX.Element {
  const days = filters["days"] || "7";
  const by = filters["by"] || "day";
  const { data, failure, reload, busy } = useLoad((signal) => getJson<{ days: Count[] }>(`operations/webhooks?days=${days}`, { signal }), days);
  const change = (next: Filters): void => go(address("operations", "webhooks", { ...filters, ...next }), true);
  const rows = grouped(data?.days ?? [], by);
  return (
    <div aria-busy={busy} data-test="webhooks">
      <div class="row start">
        <span class="segments" role="group" aria-label={t("period")}>
          {DAYS.map((each) => <button key={each} type="button" aria-pressed={days === String(each)} onClick={() => change({ days: String(each) })}>{each === 1 ? t("today") : t("days", { n: each })}</button>)}
        </span>
        <span class="segments" role="group" aria-label={t("operations.by")}>
          {BY.map((each) => <button key={each} type="button" aria-pressed={by === each} onClick={() => change({ by: each })}>{t(`operations.by.${each}`)}</button>)}
        </span>
      </div>
      {failure && <Trouble failure={failure} retry={reload} />}
      {!data && !failure && <Loading lines={6} />}
      {data && !rows.length && <Empty>{t("operations.empty.webhooks")}</Empty>}
      {rows.length > 0 && <Records rows={rows} caption={t("operations.webhooks")} hidden={["extension_id", "on"]} linked={(row) => eventsOf(row, Number(days))} bars="accepted" />}
    </div>
  );
}

/** Return the counts summed by day, by extension, or as they are. */
function grouped(counts: Count[], by: string): Record_[] {
  const groups = new Map<string, Record_>();
  for (const count of counts) {
    const ofDay = { day: when(`${count.day}T12:00:00Z`, "weekday", "UTC"), on: count.day };
    const ofExtension = { extension: count.name || String(count.extension), extension_id: count.extension, provider: count.provider };
    const names = { ...(by === "extension" ? {} : ofDay), ...(by === "day" ? {} : ofExtension) };
    const key = JSON.stringify(names);
    const sum = groups.get(key) ?? { ...names, accepted: 0, quarantined: 0, dead: 0 };
    for (const name of ["accepted", "quarantined", "dead"] as const) sum[name] = Number(sum[name]) + count[name];
    groups.set(key, sum);
  }
  const found = [...groups.values()];
  return by === "extension" ? found.toSorted((a, b) => Number(b["accepted"]) - Number(a["accepted"])) : found;
}

/** Lead from a count to its raw events. */
function eventsOf(row: Record_, days: number): string {
  const since = row["on"] ? String(row["on"]) : moved(new Date().toISOString().slice(0, 10), 1 - days);
  const until = moved(row["on"] ? since : new Date().toISOString().slice(0, 10), 1);
  return address("operations", "events", { ...(row["extension_id"] ? { extension: String(row["extension_id"]) } : {}), since, until });
}

function moved(day: string, by: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + by);
  return at.toISOString().slice(0, 10);
}
