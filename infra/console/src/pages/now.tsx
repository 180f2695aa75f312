// Now: live calls, waiting callers, agents, and today against the same weekday a week ago. It refreshes by itself.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Failure } from "../api";
import { type Day, loadNow, type Now as Facts, type Row } from "../now_source";
import { Empty, Icon, Loading, State, Trouble, usePolling, useSeconds } from "../parts/basics";
import { address } from "../route";
import { clock, duration, moment, number, percent, t, when, word } from "../words";

const SECONDS = 5;

export function Now(): JSX.Element {
  const wall = useRef<HTMLElement>(null);
  const [facts, setFacts] = useState<Facts | null>(null);
  const [failure, setFailure] = useState<Error | null>(null);
  const running = useRef(false);
  const poll = (): void => {
    if (running.current) return;
    running.current = true;
    loadNow().then((found) => { setFacts(found); setFailure(null); }, setFailure).finally(() => (running.current = false));
  };
  useEffect(poll, []);
  usePolling(poll, SECONDS);
  const whole = (): void => void (document.fullscreenElement ? document.exitFullscreen() : wall.current?.requestFullscreen?.());
  return (
    <section class="now" ref={wall}>
      <header class="row">
        <h1>{t("tab.now")}</h1>
        <span class="actions">
          {facts && <Pulse at={facts.at} stale={failure !== null} />}
          <button type="button" class="quiet" onClick={whole}><Icon name="screen" />{t("now.wall")}</button>
        </span>
      </header>
      {failure && !(failure instanceof Failure && failure.kind === "away") && <Trouble failure={failure} retry={poll} />}
      {!facts && !failure && <Loading lines={6} />}
      {facts && <Board facts={facts} />}
    </section>
  );
}

function Pulse({ at, stale }: { at: Date; stale: boolean }): JSX.Element {
  return <span class={stale ? "pulse stale" : "pulse"}><i aria-hidden="true" />{t("now.updated", { at: when(at, "time") })}</span>;
}

function Board({ facts }: { facts: Facts }): JSX.Element {
  return (
    <>
      <Tiles today={facts.today} before={facts.before} />
      <div class="board">
        <LiveCalls calls={facts.calls} />
        <Queues queues={facts.queues} />
        <Agents agents={facts.agents} />
        <Hours hours={facts.hours} />
      </div>
    </>
  );
}

function Tiles({ today, before }: { today: Day; before: Day }): JSX.Element {
  const level = (each: Day): number | null => (each.answered + each.missed ? each.inTime / (each.answered + each.missed) : null);
  const [now, then] = [level(today), level(before)];
  return (
    <dl class="tiles">
      <Tile name={t("now.answered")} shown={number(today.answered)} colour="answered" change={difference(before.answered)} good={today.answered >= before.answered || !before.answered} />
      <Tile name={t("now.missed")} shown={number(today.missed)} colour="missed" change={difference(before.missed)} good={today.missed <= before.missed} />
      <Tile
        name={t("now.level")} shown={now === null ? "–" : percent(now)} colour="level"
        change={now === null || then === null ? t("now.noCompare") : t("now.was", { value: percent(then) })} good={now === null || then === null || now >= then}
      />
      <Tile name={t("now.outgoing")} shown={number(today.outgoing)} colour="plain" change={difference(before.outgoing)} good />
    </dl>
  );
}

function difference(then: number): string {
  if (!then) return t("now.noCompare");
  return t("now.was", { value: number(then) });
}

interface TileProps { name: string; shown: string; colour: string; change: string; good: boolean }

function Tile({ name, shown, colour, change, good }: TileProps): JSX.Element {
  return (
    <div class={`tile ${colour}`}>
      <dt>{name}</dt>
      <dd><strong>{shown}</strong><span class={good ? "fine" : "fine worse"}>{change}</span></dd>
    </div>
  );
}

function since(value: Row[string] | undefined, now: number): string {
  return value ? clock(Math.max(0, (now - moment(String(value)).getTime()) / 1000)) : "–";
}

function LiveCalls({ calls }: { calls: Row[] }): JSX.Element {
  const now = useSeconds();
  return (
    <section class="card live" data-test="live">
      <header class="row"><h2>{t("now.calls")}</h2><strong class="count">{number(calls.length)}</strong></header>
      {!calls.length && <Empty>{t("now.noCalls")}</Empty>}
      <ul class="list">
        {calls.map((call, i) => (
          <li key={i}>
            <State name={String(call["state"] ?? "talking")} />
            <span class="grow">{String(call["a"] ?? t("unknown"))} → {String(call["b"] ?? t("unknown"))}</span>
            <span class="clock">{since(call["since"], now)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Queues({ queues }: { queues: Row[] }): JSX.Element {
  const now = useSeconds();
  return (
    <section class="card queues" data-test="queues">
      <h2>{t("now.queues")}</h2>
      {!queues.length && <Empty>{t("now.noQueues")}</Empty>}
      <div class="scroll plain" tabIndex={0} role="region" aria-label={t("now.queues")}>
        {queues.length > 0 && (
          <table>
            <thead><tr><th scope="col">{t("queue")}</th><th scope="col" class="number">{t("now.waiting")}</th><th scope="col" class="number">{t("now.longest")}</th><th scope="col" class="number">{t("column.answered")}</th><th scope="col" class="number">{t("column.abandoned")}</th></tr></thead>
            <tbody>
              {queues.map((queue) => (
                <tr key={String(queue["queue"])}>
                  <th scope="row">{String(queue["queue"])}</th>
                  <td class="number">{Number(queue["waiting"]) ? <State name="waiting" label={number(Number(queue["waiting"]))} /> : "0"}</td>
                  <td class="number clock">{since(queue["waiting_since"], now)}</td>
                  <td class="number">{number(Number(queue["answered"]))}</td>
                  <td class="number">{number(Number(queue["abandoned"]))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </section>
  );
}

const STATES: Record<string, string> = { registered: "ready", early: "ringing", busy: "talking", huntblock: "break", out_of_service: "away", online: "ready", offline: "away" };
const ORDER = ["talking", "ringing", "ready", "break", "away"];
const STALE_HOURS = 12;

function Agents({ agents }: { agents: Row[] }): JSX.Element {
  const now = useSeconds();
  const shown = agents.map((agent) => ({ ...agent, kind: STATES[String(agent["state"])] ?? String(agent["state"]) }) as Row);
  const sorted = shown.toSorted((a, b) => ORDER.indexOf(String(a["kind"])) - ORDER.indexOf(String(b["kind"])));
  return (
    <section class="card agents" data-test="agents">
      <header class="row"><h2>{t("now.agents")}</h2><strong class="count">{number(agents.length)}</strong></header>
      {!agents.length && <Empty>{t("now.noAgents")}</Empty>}
      <ul class="list people">
        {sorted.map((agent) => {
          const seconds = (now - moment(String(agent["since"])).getTime()) / 1000;
          return (
            <li key={String(agent["login"])}>
              <State name={String(agent["kind"])} />
              <a class="grow" href={address("calls", "", { agent: String(agent["login"]), days: "1" })}>{String(agent["name"] ?? agent["login"])}</a>
              <span class="clock" title={when(String(agent["since"]))}>{seconds > STALE_HOURS * 3600 ? t("now.stale", { time: duration(seconds) }) : since(agent["since"], now)}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Hours({ hours }: { hours: Row[] }): JSX.Element {
  const most = Math.max(1, ...hours.map((each) => Number(each["answered"]) + Number(each["missed"])));
  const found = new Map(hours.map((each) => [Number(each["hour"]), each]));
  const busy = [...found.keys()];
  const first = Math.min(8, ...busy);
  const span = Array.from({ length: Math.max(18, ...busy) - first + 1 }, (_, i) => i + first);
  const height = (value: Row[string] | undefined): { height: string } => ({ height: `${(Number(value ?? 0) / most) * 100}%` });
  return (
    <section class="card by-hour">
      <h2>{t("now.hours")}</h2>
      <div class="legend"><span class="key"><i class="swatch answered" aria-hidden="true" />{word("state", "answered")}</span><span class="key"><i class="swatch missed" aria-hidden="true" />{word("state", "missed")}</span></div>
      <ol class="hours">
        {span.map((hour) => {
          const each = found.get(hour);
          return (
            <li key={hour} title={`${hour}:00 – ${t("now.hourly", { answered: Number(each?.["answered"] ?? 0), missed: Number(each?.["missed"] ?? 0) })}`}>
              <span class="column" aria-hidden="true"><i class="missed" style={height(each?.["missed"])} /><i class="answered" style={height(each?.["answered"])} /></span>
              <span class="fine" aria-hidden="true">{hour}</span>
              <span class="hidden">{`${hour}:00 ${t("now.hourly", { answered: Number(each?.["answered"] ?? 0), missed: Number(each?.["missed"] ?? 0) })}`}</span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
