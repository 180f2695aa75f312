// One call: what it was, its timeline, its recording, and why each of its rows is what it is.

import type { JSX } from "preact";
import { Failure, objects, queries, query, type Value } from "../api";
import { callQuery, detailQueries } from "../calls_queries";
import { Icon, Loading, Note, State, Trouble, useLoad } from "../parts/basics";
import { DataTable } from "../parts/table";
import { address, type Filters } from "../route";
import { type Details, extent, type Lane, lanes, readable, type Row, type Span } from "../timeline";
import { clock, duration, moment, t, when, word } from "../words";
import { direction, Party } from "./calls";
import { Player } from "./player";
import { Reasons } from "./reasons";

interface Whole { outcome: string; invited: string; details: Details }

async function load(id: string, signal: AbortSignal): Promise<Whole> {
  if (!/^[0-9a-f-]{32,36}$/i.test(id)) throw new Failure("refused", t("call.badId"));
  const found = objects(await query(callQuery(id), { signal }));
  const row = found[0];
  if (!row) throw new Failure("refused", t("call.unknown"));
  const dialogue = row["esgdlg"] ? String(row["esgdlg"]) : null;
  const tables = await queries(detailQueries(id, String(row["invitedt"]), dialogue), { signal });
  const details = Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, objects(table)]));
  return { outcome: String(row["outcome"]), invited: String(row["invitedt"]), details: details as unknown as Details };
}

export function Call({ id, listens }: { id: string; listens: boolean }): JSX.Element {
  const { data, failure, reload } = useLoad((signal) => load(id, signal), id);
  const back = (
    <a class="back" href={address("calls")} onClick={(event) => { if (history.length > 1) { event.preventDefault(); history.back(); } }}>
      <Icon name="back" />{t("tab.calls")}
    </a>
  );
  if (failure) return <section>{back}<Trouble failure={failure} retry={reload} /></section>;
  if (!data) return <section>{back}<Loading lines={6} /></section>;
  return <section>{back}<Known id={id} whole={data} listens={listens} /></section>;
}

function Known({ id, whole, listens }: { id: string; whole: Whole; listens: boolean }): JSX.Element {
  const { details } = whole;
  const own = details.legs.find((leg) => leg["inviteid"] === id) ?? details.legs[0] ?? details.cancelled[0] ?? details.failed[0] ?? {};
  return (
    <>
      <header class="call-head">
        <h1>{headline(own)}</h1>
        <p><State name={whole.outcome} /> <span class="muted">{when(whole.invited, "full")}</span></p>
      </header>
      <Facts row={own} outcome={whole.outcome} />
      {details.legs.map((leg) => <Recording key={String(leg["inviteid"])} leg={leg} several={details.legs.length > 1} listens={listens && leg["inviteid"] === id} />)}
      <section class="card">
        <h2>{t("timeline")}</h2>
        <Timeline all={lanes(details)} start={moment(whole.invited).getTime()} />
      </section>
      <Reasons ids={[...new Set([id, ...details.legs.map((leg) => String(leg["inviteid"]))])]} row={own} outcome={whole.outcome} details={details} />
      <Rows details={details} />
    </>
  );
}

function headline(row: Row): string {
  const from = row["anumber"] ?? row["fromnumber"];
  const to = row["bnumber"] ?? row["callednum"];
  return `${from ?? t("unknown")} → ${to ?? t("unknown")}`;
}

function Facts({ row, outcome }: { row: Row; outcome: string }): JSX.Element {
  const way = direction({ aouter: row["aouter"] ?? row["fromouter"] ?? null, bouter: row["bouter"] ?? null });
  const number = (own: Value | undefined): Filters => ({ number: String(own ?? ""), days: "90" });
  const caller = row["anumber"] ?? row["fromnumber"];
  const facts: [string, JSX.Element | string][] = [
    [t("direction"), t(`direction.${way}`)],
    [t("caller"), <a href={address("calls", "", number(caller))}><Party number={caller} name={row["adisplayname"]} /></a>],
    [t("callee"), <Party number={row["bnumber"] ?? row["callednum"]} name={row["bdisplayname"]} />],
    [t("dialled"), String(row["acallednum"] ?? row["callednum"] ?? "–")],
    [t("line"), String(row["aprovidercode"] ?? row["bprovidercode"] ?? row["fromprovidercod"] ?? "–")],
    [t("waited"), waited(row)],
    ...(outcome === "answered" ? [[t("talked"), duration(Number(row["duration"] ?? 0))] as [string, string]] : []),
    [t("ended"), row["stopreason"] === "ANSWER" ? t("ended.talk") : word("reason", readable(String(row["stopreason"] ?? row["reason"] ?? "–")))],
  ];
  return <dl class="facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

function waited(row: Row): string {
  if (row["dial_duration"] != null) return duration(Number(row["dial_duration"]));
  const [from, to] = [row["dial_dt"] ?? row["invitedt"], row["stop_dt"]];
  return from && to ? duration((moment(String(to)).getTime() - moment(String(from)).getTime()) / 1000) : "–";
}

function Recording({ leg, several, listens }: { leg: Row; several: boolean; listens: boolean }): JSX.Element | null {
  const name = several ? `${leg["anumber"] ?? "?"} → ${leg["bnumber"] ?? "?"}` : "";
  if (!leg["isrec"]) return several ? null : <Note>{t("player.not-recorded")}</Note>;
  return (
    <section class="card recording">
      <h2>{t("recording")} {name && <span class="muted">{name}</span>}</h2>
      {leg["callrecdel_dt"] ? <Note>{t("player.deleted")}</Note> : <Player inviteid={String(leg["inviteid"])} seconds={Number(leg["duration"] ?? 0)} starts={listens} />}
    </section>
  );
}

const KINDS: Span["kind"][] = ["greeting", "waiting", "ringing", "talking", "hold", "missed", "lost"];

function Timeline({ all, start }: { all: Lane[]; start: number }): JSX.Element {
  const [from, to] = extent(all, start);
  const share = (moment: number): number => ((moment - from) / (to - from)) * 100;
  const used = KINDS.filter((kind) => all.some((lane) => lane.spans.some((span) => span.kind === kind)));
  return (
    <div class="timeline">
      <div class="legend">{used.map((kind) => <span class="key" key={kind}><i class={`swatch span-${kind}`} aria-hidden="true" />{t(`span.${kind}`)}</span>)}</div>
      <ol>
        {all.map((lane, i) => (
          <li key={i} class={`lane ${lane.group}`}>
            <div class="lane-name"><span>{lane.title}</span>{lane.hint && <span class="fine">{lane.hint}</span>}</div>
            <div class="track" aria-hidden="true">
              {lane.spans.map((span, at) => (
                <span
                  key={at} class={`span span-${span.kind}`} title={spanText(span)}
                  style={{ left: `${share(span.from)}%`, width: `${Math.max(0.4, share(span.to) - share(span.from))}%` }}
                />
              ))}
            </div>
            <span class="hidden">{lane.spans.map(spanText).join("; ")}</span>
            <div class="lane-end fine">{lane.end}</div>
          </li>
        ))}
      </ol>
      <div class="ruler" aria-hidden="true">
        {[0, 0.25, 0.5, 0.75, 1].map((part) => <span key={part} style={{ left: `${part * 100}%` }}>{clock(((to - from) * part) / 1000)}</span>)}
      </div>
    </div>
  );
}

function spanText(span: Span): string {
  return `${t(`span.${span.kind}`)}: ${duration((span.to - span.from) / 1000)}, ${when(new Date(span.from), "time")} – ${when(new Date(span.to), "time")}`;
}

const TABLES: Record<keyof Details, string> = {
  legs: "calls.success", cancelled: "calls.cancelled", failed: "calls.failed", forks: "calls.forks", holds: "calls.holds",
  routes: "calls.routes", queues: "ivrhuntq.huntq_calls",
};

function Rows({ details }: { details: Details }): JSX.Element {
  return (
    <section>
      <h2>{t("call.rows")}</h2>
      {(Object.keys(TABLES) as (keyof Details)[]).filter((name) => details[name]?.length).map((name) => (
        <details key={name} class="fold">
          <summary><code>{TABLES[name]}</code> <span class="muted">{t("table.rows", { n: details[name].length })}</span></summary>
          <DataTable caption={TABLES[name]} table={turned(details[name])} />
        </details>
      ))}
    </section>
  );
}

/** Return rows as a table of columns and values, one column for each row: a call's rows are few and wide. */
function turned(rows: Row[]): { columns: { name: string; type: string }[]; rows: Value[][] } {
  const names = Object.keys(rows[0] ?? {}).filter((name) => rows.some((row) => row[name] !== null));
  const columns = [{ name: t("column"), type: "text" }, ...rows.map((_, i) => ({ name: String(i + 1), type: "text" }))];
  return { columns, rows: names.map((name) => [name, ...rows.map((row) => row[name] ?? null)]) };
}
