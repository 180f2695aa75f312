// Now: live calls, waiting callers, agents, and today against the same weekday a week ago. It refreshes by itself.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Failure } from "../api";
import { type Figures, loadNow, type LiveCall, type Now as Facts, type Queue } from "../now_source";
import { Empty, Icon, Loading, State, Trouble, usePolling, useSeconds } from "../parts/basics";
import { clock, duration, moment, number, percent, t, useZone, when } from "../words";
import { address } from "../route";
import { Agents } from "./agents";

const SECONDS = 5;

export function Now(): JSX.Element {
  const wall = useRef<HTMLElement>(null);
  const [facts, setFacts] = useState<Facts | null>(null);
  const [read, setRead] = useState(new Date());
  const [failure, setFailure] = useState<Error | null>(null);
  const abort = useRef<AbortController | null>(null);
  const poll = (): void => {
    if (abort.current) return;
    const own = (abort.current = new AbortController());
    loadNow({ signal: own.signal }).then(
      (found) => {
        useZone(found.zone);
        setFacts(found);
        setRead(new Date());
        setFailure(null);
      },
      (reason: Error) => !own.signal.aborted && setFailure(reason),
    ).finally(() => (abort.current = null));
  };
  useEffect(() => {
    poll();
    return () => abort.current?.abort();
  }, []);
  usePolling(poll, SECONDS);
  const whole = (): void => void (document.fullscreenElement ? document.exitFullscreen() : wall.current?.requestFullscreen?.());
  return (
    <section class="now" ref={wall}>
      <header class="row">
        <h1>{t("tab.now")}</h1>
        <span class="actions">
          {facts && <Pulse read={read} stale={failure !== null} lastEvent={facts.lastEvent} />}
          <button type="button" class="quiet" onClick={whole}><Icon name="screen" />{t("now.wall")}</button>
        </span>
      </header>
      {failure && !(failure instanceof Failure && failure.kind === "away") && <Trouble failure={failure} retry={poll} />}
      {!facts && !failure && <Loading lines={6} />}
      {facts && <Tiles today={facts.today} before={facts.before} />}
      {facts && (
        <div class="board">
          <LiveCalls calls={facts.calls} />
          <Queues queues={facts.queues} />
          <Agents agents={facts.agents} />
        </div>
      )}
    </section>
  );
}

function Pulse({ read, stale, lastEvent }: { read: Date; stale: boolean; lastEvent: string | null }): JSX.Element {
  const title = lastEvent ? t("now.lastEvent", { at: when(lastEvent) }) : t("now.noEvent");
  return <span class={stale ? "pulse stale" : "pulse"} title={title}><i aria-hidden="true" />{t("now.updated", { at: when(read, "time") })}</span>;
}

function Tiles({ today, before }: { today: Figures; before: Figures }): JSX.Element {
  const level = (each: Figures): string => (each.service_level === null ? "–" : percent(each.service_level / 100));
  const was = (then: number): string => t("now.was", { value: number(then) });
  const wait = (each: Figures): string => (each.average_wait === null ? "–" : clock(each.average_wait));
  return (
    <dl class="tiles">
      <Tile name={t("now.answered")} shown={number(today.answered)} colour="answered" about={was(before.answered)} />
      <Tile
        name={t("now.missed")} shown={number(today.missed)} colour="missed" about={was(before.missed)} worse={today.missed > before.missed}
        more={today.not_called_back ? <a href={address("reports", "not-called-back", { days: "1" })}>{t("now.notCalledBack", { n: today.not_called_back })}</a> : null}
      />
      <Tile name={t("now.level")} shown={level(today)} colour="level" about={before.service_level === null ? t("now.noCompare") : t("now.was", { value: level(before) })} worse={isWorse(today.service_level, before.service_level, level(today) !== level(before), -1)} />
      <Tile name={t("now.wait")} shown={wait(today)} colour="plain" about={before.average_wait === null ? t("now.noCompare") : t("now.was", { value: wait(before) })} worse={isWorse(today.average_wait, before.average_wait, wait(today) !== wait(before), 1)} />
      <Tile name={t("now.outgoing")} shown={number(today.outgoing)} colour="plain" about={was(before.outgoing)} />
    </dl>
  );
}

/** Tell whether a figure changed for the worse; figures that look the same on the page are the same. */
function isWorse(now: number | null, then: number | null, looksDifferent: boolean, bad: 1 | -1): boolean {
  return looksDifferent && now !== null && then !== null && Math.sign(now - then) === bad;
}

interface TileProps { name: string; shown: string; colour: string; about: string; worse?: boolean; more?: JSX.Element | null }

function Tile({ name, shown, colour, about, worse = false, more = null }: TileProps): JSX.Element {
  return (
    <div class={`tile ${colour}`}>
      <dt>{name}</dt>
      <dd><strong>{shown}</strong><span class={worse ? "fine worse" : "fine"}>{about}</span>{more && <span class="fine">{more}</span>}</dd>
    </div>
  );
}

const STATES: Record<string, string> = { dialling: "ringing" };
export const shownState = (state: string): string => STATES[state] ?? state;

/** Return how long something lasts, by the clock, or in words once that is long. */
export function lasting(since: string | null, now: number, stale = false): string {
  if (!since) return "–";
  const seconds = Math.max(0, (now - moment(since).getTime()) / 1000);
  return stale || seconds > 6 * 3600 ? duration(seconds) : clock(seconds);
}

function LiveCalls({ calls }: { calls: LiveCall[] }): JSX.Element {
  const now = useSeconds();
  return (
    <section class="card live" data-test="live">
      <header class="row"><h2>{t("now.calls")}</h2><strong class="count">{number(calls.length)}</strong></header>
      {!calls.length && <Empty>{t("now.noCalls")}</Empty>}
      <ul class="list people" tabIndex={0} aria-label={t("now.calls")}>
        {calls.map((call) => (
          <li key={call.chain} class={call.stale ? "stale" : ""}>
            <State name={shownState(call.state)} />
            <span class="grow">
              {call.from_number || t("unknown")} → {call.to_number || t("unknown")}
              <span class="fine">{[...new Set(call.legs.map((leg) => leg.person || leg.extension).filter(Boolean))].join(" · ")}</span>
            </span>
            <span class="clock">{lasting(call.since, now, call.stale)}{call.stale && <span class="fine">{t("now.perhapsOver")}</span>}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Queues({ queues }: { queues: Queue[] }): JSX.Element {
  const now = useSeconds();
  return (
    <section class="card queues" data-test="queues">
      <h2>{t("now.queues")}</h2>
      {!queues.length && <Empty>{t("now.noQueues")}</Empty>}
      {queues.length > 0 && (
        <div class="scroll plain figured" tabIndex={0} role="region" aria-label={t("now.queues")}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t("queue")}</th><th scope="col" class="number">{t("now.waiting")}</th><th scope="col" class="number">{t("now.longest")}</th>
                <th scope="col" class="number">{t("column.answered")}</th><th scope="col" class="number">{t("column.abandoned")}</th><th scope="col" class="number">{t("now.level")}</th>
              </tr>
            </thead>
            <tbody>{queues.map((queue) => <QueueRow key={queue.queue} queue={queue} now={now} twin={queues.some((each) => each !== queue && shownName(each) === shownName(queue))} />)}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const shownName = (queue: Queue): string => queue.person || queue.queue;

/** The row of a queue; `twin` tells that another queue has its name. */
function QueueRow({ queue, now, twin }: { queue: Queue; now: number; twin: boolean }): JSX.Element {
  const first = queue.waiting[0];
  return (
    <tr>
      <th scope="row"><a href={address("calls", "", { queue: queue.queue, days: "1" })}>{shownName(queue)}</a>{twin && queue.person && queue.person !== queue.queue && <span class="fine">{queue.queue}</span>}</th>
      <td class="number" data-label={t("now.waiting")}>{first ? <State name="waiting" label={number(queue.waiting.length)} /> : "0"}</td>
      <td class="number clock" data-label={t("now.longest")}>{first ? lasting(first.since, now, first.stale) : "–"}</td>
      <td class="number" data-label={t("column.answered")}>{number(queue.answered)}</td>
      <td class="number" data-label={t("column.abandoned")}>{number(queue.abandoned)}</td>
      <td class="number" data-label={t("now.level")}>{queue.service_level === null ? "–" : percent(queue.service_level / 100)}</td>
    </tr>
  );
}
