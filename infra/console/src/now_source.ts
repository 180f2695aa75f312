// The channel's entity `operational`: what happens now, and today against the same time a week ago.

import { channel } from "./api";

export interface Figures {
  incoming: number; answered: number; missed: number; not_called_back: number; service_level: number | null;
  average_wait: number | null; outgoing: number; abandoned: number;
}
export interface Live { calls: number; talking: number; waiting: number; ringing: number; stale: number }
export interface Leg { extension: string; person: string | null; device: string; state: string; since: string; from_number: string; to_number: string }
export interface LiveCall { chain: string; state: string; from_number: string; to_number: string; since: string; stale: boolean; legs: Leg[] }
export interface Waiting { number: string; since: string; stale: boolean }
export interface Queue {
  queue: string; person: string | null; waiting: Waiting[]; answered: number; abandoned: number; service_level: number | null;
}
export interface Agent {
  agent: string; person: string | null; state: string; since: string | null; stale: boolean; number: string | null; status: string | null;
  incoming: number; outgoing: number; talk: number; unanswered: number;
}
export interface Now {
  at: string; zone: string; lastEvent: string | null; live: Live; today: Figures; before: Figures; calls: LiveCall[]; queues: Queue[]; agents: Agent[];
}

interface Summary { at: string; zone: string; last_event_at: string | null; live: Live; today: Figures; last_week: Figures }

const ask = <T>(action: string, init: RequestInit): Promise<T> => channel<T>("operational", action, {}, init);

/** Return the present state; what did not change since the last time comes from memory by its ETag. */
export async function loadNow(init: RequestInit = {}): Promise<Now> {
  const [summary, calls, queues, agents] = await Promise.all([
    ask<Summary>("summary", init), ask<{ calls: LiveCall[] }>("calls", init),
    ask<{ queues: Queue[] }>("queues", init), ask<{ agents: Agent[] }>("agents", init),
  ]);
  return {
    at: summary.at, zone: summary.zone, lastEvent: summary.last_event_at, live: summary.live, today: summary.today, before: summary.last_week,
    calls: calls.calls, queues: queues.queues, agents: agents.agents,
  };
}
