// Operations: what needs an operator, and everything that the command line lists, each part at its own address.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { getJson } from "../api";
import { Icon, Loading, State, Trouble, useLoad } from "../parts/basics";
import { address, type Route } from "../route";
import { type Key, number, t, word } from "../words";
import { ContactCalls } from "./operations_contact";
import { Events } from "./operations_events";
import { Jobs, OrderButton } from "./operations_jobs";
import { List } from "./operations_lists";
import { Letter } from "./operations_message";
import { Phonecalls } from "./operations_phonecalls";
import { Replication } from "./operations_replication";
import { Webhooks } from "./operations_webhooks";

/** The parts by what they are about; each is a page of its own. */
const GROUPS = {
  state: ["overview", "jobs"],
  incoming: ["webhooks", "events", "quarantine", "dead-letters", "set-aside"],
  outgoing: ["replication", "recordings", "orders"],
  registers: ["extensions", "tokens", "users", "contacts", "phonecalls", "faxes", "archive"],
} as const;
const PARTS: readonly string[] = Object.values(GROUPS).flat();

export interface Attention { name: string; figure: number; advice: string }
interface Overview_ {
  healthy: boolean; attention: Attention[]; queued: number | null; dead_letters: number | null; quarantined: number; set_aside: number; open_calls: number;
  recordings: Record<string, number>; replication: { name: string; counts: Record<string, number> }[]; orders_waiting: number; orders_not_taken: number; versions: Record<string, string>;
}

/** The part of the page that shows a figure in full. */
const PLACES: Record<string, [part: string, filters?: Record<string, string>]> = {
  "webhooks queued": ["webhooks"],
  "dead letters": ["dead-letters"],
  quarantined: ["quarantine"],
  "calls set aside": ["set-aside"],
  "recordings failed": ["recordings", { state: "failed" }],
  "calls refused by a CRM": ["replication", { state: "rejected" }],
  "calls maybe delivered": ["replication", { state: "maybe_delivered" }],
  "calls that differ": ["replication", { state: "differs" }],
  "orders that no agent took": ["orders"],
};

export function Operations({ route }: { route: Route }): JSX.Element {
  const [part = "", ...rest] = route.rest.split("/");
  const chosen = PARTS.includes(part) ? part : "overview";
  const overview = useLoad((signal) => getJson<Overview_>("operations/overview", { signal }), chosen);
  const counted = (each: string): number => (overview.data?.attention ?? []).filter((one) => PLACES[one.name]?.[0] === each).reduce((sum, one) => sum + one.figure, 0);
  const side = useRef<HTMLElement>(null);
  // On a phone the parts are one line, which scrolls.
  useEffect(() => side.current?.querySelector("[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" }), [chosen]);
  return (
    <section class="operations">
      <h1>{t("tab.operations")}</h1>
      <nav class="side" ref={side} aria-label={t("tab.operations")}>
        {Object.entries(GROUPS).map(([group, parts]) => (
          <div key={group} class="side-group">
            <h2 class="side-head">{t(`operations.group.${group}` as Key)}</h2>
            {parts.map((each) => (
              <a key={each} href={address("operations", each)} aria-current={each === chosen ? "page" : undefined}>
                {t(`operations.${each}` as Key)}{counted(each) > 0 && <span class="badge">{number(counted(each))}</span>}
              </a>
            ))}
          </div>
        ))}
      </nav>
      <div class="part">
        {chosen !== "overview" && <header class="part-head"><h2>{t(`operations.${chosen}` as Key)}</h2><p class="fine">{t(`operations.${chosen}.about` as Key)}</p></header>}
        {chosen === "overview" && <Overview loaded={overview} />}
        {chosen !== "overview" && <Part part={chosen} rest={rest.join("/")} route={route} />}
      </div>
    </section>
  );
}

function Part({ part, rest, route }: { part: string; rest: string; route: Route }): JSX.Element {
  if (part === "events") return <Events filters={route.filters} chosen={rest} />;
  if (part === "webhooks") return <Webhooks filters={route.filters} />;
  if (part === "replication") return <Replication filters={route.filters} />;
  if (part === "phonecalls") return <Phonecalls />;
  if (part === "jobs") return <Jobs />;
  if (rest && part === "contacts") return <ContactCalls id={rest} />;
  if (rest && (part === "quarantine" || part === "dead-letters")) return <Letter part={part} id={rest} />;
  return <List key={part} part={part} filters={route.filters} />;
}

function Overview({ loaded }: { loaded: ReturnType<typeof useLoad<Overview_>> }): JSX.Element {
  const { data, failure, reload } = loaded;
  if (failure) return <Trouble failure={failure} retry={reload} />;
  if (!data) return <Loading lines={6} />;
  return (
    <div data-test="overview">
      {data.healthy ? (
        <div class="card calm"><State name="idle" label={t("operations.healthy")} /><p class="fine">{t("operations.healthy.about")}</p></div>
      ) : (
        <ul class="attention" aria-label={t("operations.attention")}>{data.attention.map((each) => <Needed key={each.name} needed={each} reload={reload} />)}</ul>
      )}
      <Figures data={data} />
    </div>
  );
}

function Needed({ needed, reload }: { needed: Attention; reload: () => void }): JSX.Element {
  const [part = "overview", filters] = PLACES[needed.name] ?? [];
  return (
    <li class="card needed">
      <strong class="needed-figure">{number(needed.figure)}</strong>
      <div class="grow">
        <h2>{word("attention", needed.name)}</h2>
        <p class="fine">{word("advice", needed.name)}</p>
      </div>
      <span class="actions">
        {part === "dead-letters" && <OrderButton label={t("operations.redriveAll")} order={{ kind: "redrive" }} after={reload} />}
        <a class="button" href={address("operations", part, filters)}>{t("operations.look")}<Icon name="on" /></a>
      </span>
    </li>
  );
}

function Figures({ data }: { data: Overview_ }): JSX.Element {
  const replicated = (name: string): number => data.replication.reduce((sum, each) => sum + (each.counts[name] ?? 0), 0);
  const figures: [name: Key, value: number | null | string, part: string, filters?: Record<string, string>][] = [
    ["figure.queued", data.queued, "webhooks"],
    ["figure.open_calls", data.open_calls, "events", { state: "open" }],
    ["figure.quarantined", data.quarantined, "quarantine"],
    ["figure.dead_letters", data.dead_letters, "dead-letters"],
    ["figure.set_aside", data.set_aside, "set-aside"],
    ["figure.recordings_ready", data.recordings["ready"] ?? 0, "recordings", { state: "ready" }],
    ["figure.recordings_pending", data.recordings["pending"] ?? 0, "recordings", { state: "pending" }],
    ["figure.recordings_failed", data.recordings["failed"] ?? 0, "recordings", { state: "failed" }],
    ["figure.delivered", replicated("delivered"), "replication", { state: "delivered" }],
    ["figure.pending", replicated("pending"), "replication", { state: "pending" }],
    ["figure.rejected", replicated("rejected"), "replication", { state: "rejected" }],
    ["figure.orders_not_taken", data.orders_not_taken, "orders"],
  ];
  return (
    <>
      <dl class="figures">
        {figures.map(([name, value, part, filters]) => (
          <div key={name} class="figure">
            <dt>{t(name)}</dt>
            <dd><a href={address("operations", part, filters)}>{typeof value === "number" ? number(value) : t("unknown")}</a></dd>
          </div>
        ))}
      </dl>
      <p class="fine versions">{Object.entries(data.versions).map(([name, version]) => <span key={name}>{word("version", name)} <code>{version}</code></span>)}</p>
    </>
  );
}
