// Jobs: long work that an operator orders, and its progress.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { getJson, postJson } from "../api";
import { Empty, Loading, sentence, Trouble, useLoad, usePolling } from "../parts/basics";
import { type Record_, Records } from "../parts/records";
import { address } from "../route";
import { dateOf, t, word } from "../words";

const SECONDS = 3;
const LOOKS = 60;

interface Job { id: string; state: string; failure: string; result: Record<string, unknown> }

/** A button that orders a job, after a second press, and says how it ended: a job changes rows for everyone. */
export function OrderButton({ label, order, after }: { label: string; order: object; after?: () => void }): JSX.Element {
  const [sure, setSure] = useState(false);
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState<JSX.Element | string>("");
  const press = (): void => {
    if (!sure) return setSure(true);
    setSure(false);
    setBusy(true);
    setTold(t("operations.working"));
    postJson<Job>("operations/jobs", order)
      .then((job) => ended(job, LOOKS))
      .then((job) => {
        setTold(<a href={address("operations", "jobs")}>{outcome(job)}</a>);
        if (job.state === "done") after?.();
      }, (fault: Error) => setTold(sentence(fault)))
      .finally(() => setBusy(false));
  };
  return (
    <span class="actions">
      <button type="button" class={sure ? "primary" : ""} disabled={busy} onClick={press} onBlur={() => setSure(false)}>{sure ? t("operations.sure") : label}</button>
      <span role="status" class="fine">{told}</span>
    </span>
  );
}

/** Return the job once it has ended, or as it is after so many looks. */
async function ended(job: Job, looks: number): Promise<Job> {
  if (looks === 0 || job.state === "done" || job.state === "failed") return job;
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  return ended(await getJson<Job>(`operations/jobs/${job.id}`), looks - 1);
}

function outcome(job: Job): string {
  if (job.state === "failed") return job.failure;
  return job.state === "done" ? [t("operations.done"), results(job.result)].filter(Boolean).join(": ") : t("operations.ordered");
}

/** Return the figures of a result in words. */
function results(result: Record<string, unknown>): string {
  const parts = Object.entries(result).map(([name, value]) => {
    if (value === null || typeof value !== "object") return `${word("result", name)} ${value}`;
    return Object.entries(value).map(([, each]) => String(each)).join("; ");
  });
  return parts.filter(Boolean).join(", ");
}

interface Line extends Record_ { kind: string; state: string; done: number; total: number | null; failure: string; result: Record<string, unknown>; parameters: Record<string, unknown> }

export function Jobs(): JSX.Element {
  const { data, failure, reload } = useLoad((signal) => getJson<{ jobs: Line[] }>("operations/jobs", { signal }), "jobs");
  usePolling(reload, SECONDS);
  const [since, setSince] = useState(dateOf(-1));
  const [until, setUntil] = useState(dateOf(1));
  const rows = data?.jobs.map((job) => ({
    created_at: job["created_at"], kind: word("job", job.kind), state: word("state", job.state), created_by: job["created_by"],
    progress: job.total ? `${job.done} / ${job.total}` : "–", result: job.failure || results(job.result), parameters: parameters(job.parameters),
  }));
  return (
    <>
      <form class="filters card" onSubmit={(event) => event.preventDefault()}>
        <label class="field"><span>{t("from")}</span><input type="date" value={since} onChange={(event) => setSince(event.currentTarget.value)} /></label>
        <label class="field"><span>{t("event.until")}</span><input type="date" value={until} onChange={(event) => setUntil(event.currentTarget.value)} /></label>
        <OrderButton label={t("operations.replay")} order={{ kind: "replay", since, until }} after={reload} />
        <OrderButton label={t("operations.redriveRange")} order={{ kind: "redrive", since, until }} after={reload} />
      </form>
      {failure && <Trouble failure={failure} retry={reload} />}
      {!rows && !failure && <Loading lines={4} />}
      {rows && (rows.length ? <Records rows={rows} caption={t("operations.jobs")} hidden={[]} /> : <Empty>{t("operations.empty.jobs")}</Empty>)}
    </>
  );
}

function parameters(values: Record<string, unknown>): string {
  const given = Object.entries(values).filter(([, value]) => value && !(Array.isArray(value) && !value.length));
  return given.map(([name, value]) => `${word("column", name)}: ${Array.isArray(value) ? value.join(", ") : String(value).slice(0, 19)}`).join(", ");
}
