// Why a call counts as what it is: what its rows prove, and what the ledger noted when it worked them out.

import type { JSX } from "preact";
import { objects, query } from "../api";
import { useLoad } from "../parts/basics";
import { type Details, readable, type Row } from "../timeline";
import { duration, moment, t, when, word } from "../words";

interface Props { ids: string[]; row: Row; outcome: string; details: Details }

export function Reasons({ ids, row, outcome, details }: Props): JSX.Element {
  const noted = useLoad((signal) => notes(ids, signal), ids.join());
  return (
    <section class="card">
      <h2>{t("why")}</h2>
      <ul class="why">
        {proofs(row, outcome, details).map((line) => <li key={line}>{line}</li>)}
        {(noted.data ?? []).map((line) => <li key={line} class="noted">{line}</li>)}
      </ul>
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
  if (outcome === "failed") lines.push(t("why.failed", { code: String(row["sipcode"] ?? "–"), reason: String(row["reason"] ?? "–") }));
  for (const queue of details.queues) {
    const name = String(queue["qid"] ?? "?");
    if (queue["dt_quit"]) lines.push(t("why.quit", { name, at: when(String(queue["dt_quit"]), "time") }));
    if (queue["banned_user"]) lines.push(t("why.banned", { name }));
  }
  return lines;
}

/** Return the notes of the ledger; a token or server without them has none. */
async function notes(ids: string[], signal: AbortSignal): Promise<string[]> {
  const psql = "select * from metrics.record_reasons where inviteid = any(:ids::uuid[])";
  const table = await query({ psql, params: { ids } }, { signal }).catch(() => null);
  return table ? objects(table).map((each) => JSON.stringify(each)) : [];
}
