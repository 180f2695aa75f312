// One message that was not stored: why, what it says, and the attempt to store it again.

import type { JSX } from "preact";
import { getJson } from "../api";
import { Icon, Loading, Note, Trouble, useLoad } from "../parts/basics";
import { type Record_, shown } from "../parts/records";
import { address } from "../route";
import { type Key, t, word } from "../words";
import { OrderButton } from "./operations_jobs";

interface Content { message?: Record_; dead_letter?: Record_; text: string; query?: string; body: string | null }
const ORDERS = {
  quarantine: { label: "retry", order: (id: string) => ({ kind: "retry-quarantine", ids: [id] }) },
  "dead-letters": { label: "operations.redriveOne", order: (id: string) => ({ kind: "redrive", ids: [id] }) },
} as const;

export function Letter({ part, id }: { part: keyof typeof ORDERS; id: string }): JSX.Element {
  const { data, failure, reload } = useLoad((signal) => getJson<Content>(`operations/${part}/${encodeURIComponent(id)}`, { signal }), id);
  const back = <a class="back" href={address("operations", part)}><Icon name="back" />{t(`operations.${part}` as Key)}</a>;
  if (failure) return <>{back}<Trouble failure={failure} retry={reload} /></>;
  if (!data) return <>{back}<Loading lines={6} /></>;
  const { reason, ...facts } = data.message ?? data.dead_letter ?? {};
  const { label, order } = ORDERS[part];
  return (
    <>
      {back}
      <Note tone={part === "quarantine" ? "error" : "info"}><span class="grow">{String(reason)}</span><OrderButton label={t(label)} order={order(id)} /></Note>
      <dl class="facts card">{Object.entries(facts).map(([name, value]) => <div key={name}><dt>{word("column", name).replaceAll("_", " ")}</dt><dd>{shown(name, value)}</dd></div>)}</dl>
      {(data.query || data.body) && <section class="card"><h2>{t("operations.body")}</h2>{data.query && <pre tabIndex={0}><code>{data.query}</code></pre>}{data.body && <pre tabIndex={0} data-test="body"><code>{data.body}</code></pre>}</section>}
      <section class="card"><h2>{t("operations.queued")}</h2><pre tabIndex={0}><code>{data.text}</code></pre></section>
    </>
  );
}
