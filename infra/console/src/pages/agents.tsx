// The agents of the Now page: their states, since when, and what they did today.

import type { JSX } from "preact";
import type { Agent } from "../now_source";
import { Empty, State, useSeconds } from "../parts/basics";
import { address } from "../route";
import { duration, number, t, when, word } from "../words";
import { lasting, shownState } from "./now";

const ORDER = ["talking", "ringing", "idle", "break", "offline", "unknown"];
const ABSENT = /^(break|lunch|huntblock|away|dnd)/;
/** What agents report at the end of their shift. */
const GONE = /^(offline|logged_out)/;

export function Agents({ agents }: { agents: Agent[] }): JSX.Element {
  const now = useSeconds();
  const place = (agent: Agent): number => ORDER.indexOf(stateOf(agent).name);
  // The directory has people of whom no event has told anything.
  const sorted = agents.filter((agent) => agent.since || agent.status).toSorted((a, b) => place(a) - place(b) || a.agent.localeCompare(b.agent));
  return (
    <section class="card agents" data-test="agents">
      <header class="row"><h2>{t("now.agents")}</h2><strong class="count">{number(sorted.length)}</strong></header>
      {sorted.length > 0 && <Tally agents={sorted} />}
      {!sorted.length && <Empty>{t("now.noAgents")}</Empty>}
      <ul class="list people" tabIndex={0} aria-label={t("now.agents")}>
        {sorted.map((agent) => (
          <li key={agent.agent} class={agent.stale ? "stale" : ""}>
            <State {...stateOf(agent)} />
            <span class="grow">
              <a href={address("calls", "", { agent: agent.agent, days: "1" })}>{agent.person || agent.agent}</a>
              <span class="fine">{doing(agent)}</span>
            </span>
            <span class="clock" title={agent.since ? when(agent.since) : ""}>{stateOf(agent).name === "offline" ? "" : lasting(agent.since, now, agent.stale)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** How many agents are in each state, in the order of the list. */
function Tally({ agents }: { agents: Agent[] }): JSX.Element {
  const counts = new Map<string, { state: ReturnType<typeof stateOf>; n: number }>();
  for (const agent of agents) {
    const state = stateOf(agent);
    const known = counts.get(state.name) ?? { state: { name: state.name }, n: 0 };
    counts.set(state.name, { ...known, n: known.n + 1 });
  }
  return <p class="tally">{[...counts.values()].map(({ state, n }) => <span key={state.name}><State {...state} /> {number(n)}</span>)}</p>;
}

/** An idle phone whose agent reported a break is on a break; one whose agent went home is off shift. */
function stateOf(agent: Agent): { name: string; label?: string } {
  const state = shownState(agent.state);
  if (state === "idle" && agent.status && GONE.test(agent.status)) return { name: "offline", label: word("status", agent.status) };
  if (state === "idle" && agent.status && ABSENT.test(agent.status)) return { name: "break", label: word("status", agent.status) };
  return { name: state };
}

function doing(agent: Agent): string {
  if (agent.number && agent.state !== "idle") return agent.number;
  const calls = agent.incoming + agent.outgoing;
  return calls ? t("now.did", { n: calls, time: duration(agent.talk) }) : agent.person ? agent.agent : "";
}
