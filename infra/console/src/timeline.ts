// A call as lanes of a timeline: legs with their ringing, talk and holds, devices that rang, and passages of queues.

import type { Value } from "./api";
import { moment, t, word } from "./words";

export type Row = Record<string, Value>;
export interface Details { legs: Row[]; cancelled: Row[]; failed: Row[]; forks: Row[]; holds: Row[]; routes: Row[]; queues: Row[] }

export type Kind = "ringing" | "talking" | "hold" | "waiting" | "greeting" | "missed" | "lost";
export interface Span { kind: Kind; from: number; to: number }
export interface Lane { title: string; hint: string; group: "queue" | "leg" | "fork"; spans: Span[]; end: string }

const at = (value: Value | undefined): number | null => (typeof value === "string" ? moment(value).getTime() : null);
const text = (value: Value | undefined): string => (value == null ? "" : String(value));

/** Return the lanes in the order in which a call goes: queues, then legs, each with the devices that rang for it. */
export function lanes(details: Details): Lane[] {
  return [
    ...details.queues.map(queueLane),
    ...details.legs.flatMap((leg) => [legLane(leg, details.holds), ...forkLanes(leg, details.forks)]),
    ...details.cancelled.flatMap((row) => [missedLane(row), ...forkLanes(row, details.forks)]),
    ...details.failed.map(failedLane),
  ];
}

/** Return the first and the last moment of the lanes; at least a second apart. */
export function extent(all: Lane[], start: number): [number, number] {
  const moments = all.flatMap((lane) => lane.spans.flatMap((span) => [span.from, span.to]));
  const from = Math.min(start, ...moments);
  return [from, Math.max(from + 1000, ...moments)];
}

function spans(...found: [Kind, number | null, number | null][]): Span[] {
  return found.flatMap(([kind, from, to]) => (from === null || to === null || to < from ? [] : [{ kind, from, to }]));
}

function queueLane(row: Row): Lane {
  const [greeted, entered] = [at(row["dt_greet"]), at(row["dt_enqueue"])];
  const left = at(row["dt_dequeue"]) ?? at(row["dt_quit"]) ?? at(row["dt_final"]);
  const taken = row["dt_dequeue"] || row["dequeue_result"];
  return {
    title: t("timeline.queue", { name: text(row["qid"]) || "?" }),
    hint: taken ? t("timeline.taken") : row["dt_quit"] ? t("timeline.abandoned") : "",
    group: "queue",
    spans: spans(["greeting", greeted, entered], [taken ? "waiting" : "lost", entered ?? greeted, left]),
    end: ending("", row["dequeue_reason"] || row["final_stopreason"]),
  };
}

function legLane(leg: Row, holds: Row[]): Lane {
  const [dialled, answered, stopped] = [at(leg["dial_dt"]), at(leg["start_dt"]), at(leg["stop_dt"])];
  const own = holds.filter((hold) => hold["inviteid"] === leg["inviteid"]);
  return {
    title: `${party(leg, "a")} → ${party(leg, "b")}`,
    hint: leg["isreplacing"] ? t("timeline.transfer") : "",
    group: "leg",
    spans: [
      ...spans(["ringing", dialled, answered], ["talking", answered, stopped]),
      ...own.flatMap((hold) => spans(["hold", at(hold["hold_dt"]), at(hold["unhold_dt"]) ?? stopped])),
    ],
    end: leg["stopreason"] === "ANSWER" ? t("ended.talk") : ending("", leg["stopreason"]),
  };
}

function party(leg: Row, side: "a" | "b"): string {
  const number = text(leg[`${side}number`]);
  const name = text(leg[`${side}displayname`]);
  return name && name !== number ? `${name} (${number})` : number || t("unknown");
}

function missedLane(row: Row): Lane {
  return {
    title: `${text(row["fromnumber"]) || t("unknown")} → ${text(row["callednum"]) || t("unknown")}`,
    hint: t("state.missed"),
    group: "leg",
    spans: spans(["missed", at(row["dial_dt"]) ?? at(row["invitedt"]), at(row["stop_dt"])]),
    end: ending(row["stoptype"], row["stopreason"]),
  };
}

function failedLane(row: Row): Lane {
  const start = at(row["invitedt"]);
  return {
    title: `${text(row["fromnumber"]) || t("unknown")} → ${text(row["callednum"]) || t("unknown")}`,
    hint: t("state.failed"),
    group: "leg",
    spans: spans(["lost", start, start === null ? null : start + 1000]),
    end: ending(row["sipcode"], row["reason"]),
  };
}

function forkLanes(row: Row, forks: Row[]): Lane[] {
  const stopped = at(row["stop_dt"]);
  return forks.filter((fork) => fork["inviteid"] === row["inviteid"]).map((fork) => {
    const answered = at(fork["forkansw_dt"]);
    return {
      title: [text(fork["busername"]), text(fork["bnetworkaddr"]), fork["isanswered"] ? t("timeline.taken") : t("timeline.rang")].filter(Boolean).join(" · "),
      hint: "",
      group: "fork" as const,
      spans: spans([fork["isanswered"] ? "ringing" : "missed", at(fork["forkstart_dt"]), answered ?? at(row["start_dt"]) ?? stopped]),
      end: ending(fork["sipcode"], fork["reason"]),
    };
  });
}

/** Return the code and the words of an end; success needs no code. */
function ending(code: Value | undefined, reason: Value | undefined): string {
  const words = word("reason", readable(text(reason)));
  return [text(code) === "200" ? "" : text(code), words].filter(Boolean).join(" ");
}

/** Return a reason without the brackets and quotes that some PBXs write. */
export function readable(reason: string): string {
  return reason.replace(/^<<"?|"?>>$/g, "");
}
