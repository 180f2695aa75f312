// The bar of filters; every change goes into the address, so that the view can be bookmarked and sent.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { queries } from "../api";
import { period } from "../filters";
import { address, type Filters, go } from "../route";
import { t } from "../words";
import { Icon } from "../parts/basics";

interface Props { page: string; rest?: string; filters: Filters; days: number; more?: JSX.Element }
const PRESETS = [1, 7, 30, 90];

interface Choices { queues: string[]; agents: { login: string; name: string }[] }
let choices: Choices | null = null;

/** Return the queues and agents that calls of the last 90 days have. */
function useChoices(): Choices {
  const [known, setKnown] = useState<Choices>(choices ?? { queues: [], agents: [] });
  useEffect(() => {
    if (choices) return;
    const recent = "invitedt > now() - interval '90 days'";
    queries({
      queues: { psql: "select distinct qid from ivrhuntq.huntq_calls where coalesce(dt_enqueue, dt_final) > now() - interval '90 days' and qid <> '' order by qid limit 200" },
      agents: { psql: `select login, max(name) from (select ausername as login, adisplayname as name from calls.success where not aouter and ${recent} union select busername, bdisplayname from calls.success where not bouter and ${recent}) as people where login <> '' group by login order by login limit 500` },
    }).then((found) => {
      choices = {
        queues: found["queues"]!.rows.map((row) => String(row[0])),
        agents: found["agents"]!.rows.map((row) => ({ login: String(row[0]), name: String(row[1] ?? "") })),
      };
      setKnown(choices);
    }, () => undefined);
  }, []);
  return known;
}

export const forgetChoices = (): void => void (choices = null);

export function FilterBar({ page, rest = "", filters, days, more }: Props): JSX.Element {
  const known = useChoices();
  const dates = period(filters, days);
  const chosen = filters["from"] || filters["to"] ? 0 : Number(filters["days"] || days);
  const change = (next: Filters): void => go(address(page, rest, { ...filters, ...next }), true);
  const active = Object.keys(filters).some((name) => filters[name] && name !== "days");
  return (
    <form class="filters" role="search" aria-label={t("filters")} onSubmit={(event) => event.preventDefault()}>
      <div class="segments" role="group" aria-label={t("period")}>
        {PRESETS.map((each) => (
          <button key={each} type="button" aria-pressed={chosen === each} onClick={() => change({ days: String(each), from: "", to: "" })}>
            {each === 1 ? t("today") : t("days", { n: each })}
          </button>
        ))}
      </div>
      <label class="field">
        <span>{t("from")}</span>
        <input type="date" value={dates.from} max={dates.to} onChange={(event) => change({ days: "", from: event.currentTarget.value, to: dates.to })} />
      </label>
      <label class="field">
        <span>{t("to")}</span>
        <input type="date" value={dates.to} min={dates.from} onChange={(event) => change({ days: "", from: dates.from, to: event.currentTarget.value })} />
      </label>
      <label class="field">
        <span>{t("queue")}</span>
        <select name="queue" value={filters["queue"] ?? ""} onChange={(event) => change({ queue: event.currentTarget.value })}>
          <option value="">{t("any")}</option>
          {withOwn(known.queues, filters["queue"]).map((each) => <option key={each} value={each}>{each}</option>)}
        </select>
      </label>
      <label class="field">
        <span>{t("agent")}</span>
        <select name="agent" value={filters["agent"] ?? ""} onChange={(event) => change({ agent: event.currentTarget.value })}>
          <option value="">{t("any")}</option>
          {withOwn(known.agents.map((each) => each.login), filters["agent"]).map((login) => (
            <option key={login} value={login}>{[login, known.agents.find((each) => each.login === login)?.name].filter(Boolean).join(" · ")}</option>
          ))}
        </select>
      </label>
      <Search value={filters["number"] ?? ""} change={(number) => change({ number })} />
      {more}
      {active && (
        <button type="button" class="quiet" onClick={() => go(address(page, rest), true)}><Icon name="close" />{t("filters.clear")}</button>
      )}
    </form>
  );
}

function withOwn(names: string[], own: string | undefined): string[] {
  return own && !names.includes(own) ? [own, ...names] : names;
}

function Search({ value, change }: { value: string; change: (value: string) => void }): JSX.Element {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => change(text.trim()), 400);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label class="field grow">
      <span>{t("number")}</span>
      <input type="search" name="number" value={text} placeholder={t("number.hint")} onInput={(event) => setText(event.currentTarget.value)} autocomplete="off" />
    </label>
  );
}
