// Why a call counts as what it is: what its rows prove, and what the ledger noted when it worked them out.

import type { JSX } from "preact";
import { objects, query } from "../api";
import { useLoad } from "../parts/basics";
import { type Details, readable, type Row } from "../timeline";
import { noted } from "./ledger_notes";
import { duration, moment, t, when, word } from "../words";

interface Props { ids: string[]; row: Row; outcome: string; details: Details }

export function Reasons({ ids, row, outcome, details }: Props): JSX.Element {
  const ledger = useLoad((signal) => notes(ids, signal), ids.join());
  return (
    <section class="card">
      <h2>{t("why")}</h2>
      <ul class="why">
        {[...new Set(proofs(row, outcome, details))].map((line) => <li key={line}>{line}</li>)}
        {[...new Set(ledger.data ?? [])].map((line) => <li key={line} class="noted">{line}</li>)}
      </ul>
      {ledger.failure && <p class="fine">{t("call.readFailed")}</p>}
    </section>
  );
}

/** Return what the documented rows themselves prove. */
function proofs(row: Row, outcome: string, details: Details): string[] {
  const rang = details.forks.filter((fork) => !fork["isanswered"]);
  const lines: string[] = [];
  if (outcome === "answered") {
    const answered = details.forks.find((fork) => fork["isanswered"]);
    lines.push(t("why.answered", { who: String(answered?.["busername"] ?? row["bnumber"] ?? "?"), at: row["start_dt"] ? when(String(row["start_dt"]), "time") : "?" }));
    if (details.legs.length > 1) lines.push(t("why.legs", { n: details.legs.length }));
    if (rang.length) lines.push(t("why.alsoRang", { n: rang.length }));
  }
  if (outcome === "missed") {
    const seconds = row["stop_dt"] ? (moment(String(row["stop_dt"])).getTime() - moment(String(row["dial_dt"] ?? row["invitedt"])).getTime()) / 1000 : 0;
    lines.push(t("why.missed", { time: duration(seconds) }), rang.length ? t("why.rang", { n: rang.length }) : t("why.nothingRang"));
    const reason = readable(String(row["stopreason"] ?? ""));
    lines.push(t("why.ended", { code: String(row["stoptype"] ?? "–"), reason: word("reason", reason) }));
  }
  if (outcome === "failed") lines.push(t("why.failed", { code: String(row["sipcode"] ?? "–"), reason: word("reason", readable(String(row["reason"] ?? "–"))) }));
  for (const queue of details.queues) {
    const name = String(queue["qid"] ?? "?");
    if (queue["dt_quit"]) lines.push(t("why.quit", { name, at: when(String(queue["dt_quit"]), "time") }));
    if (queue["banned_user"]) lines.push(t("why.banned", { name }));
  }
  return lines;
}

interface Noted { place: number; reason: string | null; version: number; complete: boolean; provider: string; changed_at: string }

/** Return what the ledger noted for these rows; rows that a PBX sent ready-made have no notes. */
async function notes(ids: string[], signal: AbortSignal): Promise<string[]> {
  const psql = "select reason, version, complete, provider, changed_at, place from metrics.reasons where inviteid = any(:ids) order by inviteid, place";
  const found = objects(await query({ psql, params: { ids } }, { signal })) as unknown as Noted[];
  const first = found[0];
  if (!first) return [];
  return [
    ...found.flatMap((each) => (each.reason ? [t("why.noted", { reason: noted(each.reason) })] : [])),
    ...(first.complete ? [] : [t("why.incomplete")]),
    ...(first.version > 1 ? [t("why.versions", { n: first.version })] : []),
    t("why.changed", { at: when(first.changed_at, "full"), provider: first.provider }),
  ];
}
