// Jobs: long work that an operator orders, and its progress.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { getJson, postJson } from "../api";
import { Empty, Loading, sentence, Trouble, useLoad, usePolling } from "../parts/basics";
import { type Record_, Records } from "../parts/records";
import { address } from "../route";
import { dateOf, t } from "../words";

const SECONDS = 3;

/** A button that orders a job, after a second press: a job changes rows for everyone. */
export function OrderButton({ label, order }: { label: string; order: object }): JSX.Element {
  const [sure, setSure] = useState(false);
  const [told, setTold] = useState<JSX.Element | string>("");
  const press = (): void => {
    if (!sure) return setSure(true);
    setSure(false);
    postJson("operations/jobs", order).then(() => setTold(<a href={address("operations", "jobs")}>{t("operations.ordered")}</a>), (fault: Error) => setTold(sentence(fault)));
  };
  return (
    <span class="actions">
      <button type="button" class={sure ? "primary" : ""} onClick={press} onBlur={() => setSure(false)}>{sure ? t("operations.sure", { label }) : label}</button>
      <span role="status">{told}</span>
    </span>
  );
}

export function Jobs(): JSX.Element {
  const { data, failure, reload } = useLoad((signal) => getJson<{ jobs: Record_[] }>("operations/jobs", { signal }), "jobs");
  usePolling(reload, SECONDS);
  const [since, setSince] = useState(dateOf(-1));
  const [until, setUntil] = useState(dateOf(1));
  return (
    <>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label class="field"><span>{t("from")}</span><input type="date" value={since} onChange={(event) => setSince(event.currentTarget.value)} /></label>
        <label class="field"><span>{t("event.until")}</span><input type="date" value={until} onChange={(event) => setUntil(event.currentTarget.value)} /></label>
        <OrderButton label={t("operations.replay")} order={{ kind: "replay", since, until }} />
      </form>
      {failure && <Trouble failure={failure} retry={reload} />}
      {!data && !failure && <Loading lines={4} />}
      {data && (data.jobs.length ? <Records rows={data.jobs} caption={t("operations.jobs")} hidden={["id"]} /> : <Empty>{t("operations.none")}</Empty>)}
    </>
  );
}
