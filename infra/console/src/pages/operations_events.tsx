// Raw events: a search, and one event with its body as it was received and what became of its call.

import type { JSX } from "preact";
import { opens } from "../access";
import { getJson } from "../api";
import { Empty, Icon, Loading, Note, Trouble, useLoad } from "../parts/basics";
import { type Record_, Records, shown } from "../parts/records";
import { address, type Filters, go } from "../route";
import { t, word } from "../words";
import { OrderButton } from "./operations_jobs";

interface Found { events: Record_[]; next: string | null }
interface Whole { event: Record_; query: string; content_type: string; body: string | null; notes: Record<string, string>; call: (Record_ & { records: Record_[] }) | null }
const FIELDS = ["number", "text", "call", "extension", "since", "until"];
const STATES = ["open", "closed", "set-aside", "frozen", "no-call"];

export function Events({ filters, chosen }: { filters: Filters; chosen: string }): JSX.Element {
  return chosen ? <One chosen={chosen} /> : <Search filters={filters} />;
}

function Search({ filters }: { filters: Filters }): JSX.Element {
  const search = new URLSearchParams(Object.entries(filters).filter(([, value]) => value));
  const { data, failure, reload, busy } = useLoad((signal) => getJson<Found>(`operations/events?${search}`, { signal }), search.toString());
  const change = (name: string, value: string): void => go(address("operations", "events", { ...filters, before: "", [name]: value }), true);
  return (
    <div aria-busy={busy}>
      <form class="filters" role="search" aria-label={t("filters")} onSubmit={(event) => event.preventDefault()}>
        {FIELDS.map((name) => (
          <label class="field" key={name}>
            <span>{word("event", name)}</span>
            {name === "since" || name === "until" ? (
              <input type="date" name={name} value={(filters[name] ?? "").slice(0, 10)} onChange={(event) => change(name, event.currentTarget.value)} />
            ) : (
              <input type="search" name={name} value={filters[name] ?? ""} onChange={(event) => change(name, event.currentTarget.value.trim())} />
            )}
          </label>
        ))}
        <label class="field">
          <span>{t("event.state")}</span>
          <select name="state" value={filters["state"] ?? ""} onChange={(event) => change("state", event.currentTarget.value)}>
            <option value="">{t("any")}</option>
            {STATES.map((each) => <option key={each} value={each}>{word("state", each)}</option>)}
          </select>
        </label>
      </form>
      {failure && <Trouble failure={failure} retry={reload} />}
      {!data && !failure && <Loading lines={6} />}
      {data && !data.events.length && <Empty>{t("operations.empty.events")}</Empty>}
      {data && data.events.length > 0 && (
        <Records
          rows={data.events.map(({ accepted_at, ...rest }) => ({ accepted_at, ...rest }))} caption={t("operations.events")} hidden={["id", "client"]}
          linked={(row) => address("operations", `events/${row["accepted_at"]}/${row["id"]}`)}
        />
      )}
      {data?.next && <a class="button" href={address("operations", "events", { ...filters, before: data.next })}>{t("operations.older")}</a>}
    </div>
  );
}

function One({ chosen }: { chosen: string }): JSX.Element {
  const path = chosen.split("/").map(encodeURIComponent).join("/");
  const { data, failure, reload } = useLoad((signal) => getJson<Whole>(`operations/events/${path}`, { signal }), chosen);
  const back = <a class="back" href={address("operations", "events")}><Icon name="back" />{t("operations.events")}</a>;
  if (failure) return <>{back}<Trouble failure={failure} retry={reload} /></>;
  if (!data) return <>{back}<Loading lines={6} /></>;
  const { records, ...call } = data.call ?? { records: [] };
  const at = new Date(String(data.event["accepted_at"]));
  const order = { kind: "replay", since: at.toISOString(), until: new Date(at.getTime() + 1_000).toISOString(), provider: data.event["provider"] };
  return (
    <>
      {back}
      {data.call && <Note><span class="grow">{t("operations.replay.about")}</span><OrderButton label={t("operations.replayOne")} order={order} after={reload} /></Note>}
      <dl class="facts card">{Object.entries({ ...data.event, content_type: data.content_type, ...data.notes }).map(([name, value]) => <div key={name}><dt>{word("column", name).replaceAll("_", " ")}</dt><dd>{shown(name, value)}</dd></div>)}</dl>
      <section class="card"><h2>{t("operations.body")}</h2>{data.query && <pre tabIndex={0}><code>{data.query}</code></pre>}<pre tabIndex={0} data-test="body"><code>{data.body || "–"}</code></pre></section>
      {data.call && <section class="card"><h2>{t("operations.call")}</h2><Records rows={[call]} caption={t("operations.call")} hidden={[]} /></section>}
      {records.map((record) => (
        <section class="card" key={String(record["inviteid"])}>
          <h2>{opens("calls") ? <a href={address("calls", String(record["inviteid"]))}>{t("call.open")}</a> : <code>{String(record["inviteid"])}</code>}</h2>
          <Records rows={[record]} caption={String(record["inviteid"])} hidden={["rows"]} />
        </section>
      ))}
    </>
  );
}
