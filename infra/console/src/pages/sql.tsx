// SQL: an editor with completion, the history of queries, and the answer as a table, a chart or CSV.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { may } from "../access";
import { query, Stored, type Table } from "../api";
import type { Editor } from "../editor";
import { Icon, Loading, Note, sentence } from "../parts/basics";
import { CsvButtons } from "../parts/csv";
import { DataTable } from "../parts/table";
import { go, address, type Route } from "../route";
import { completion } from "../schema";
import { bytes, number, t } from "../words";
import { AnyChart, drawable } from "./any_chart";
import { SaveReport } from "./save_report";

const HISTORY = "ringledger-queries";
const KEPT = 30;
const FIRST = "select invitedt, anumber, bnumber, duration\nfrom calls.success\norder by invitedt desc\nlimit 100";

function history(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(HISTORY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => typeof each === "string") : [];
  } catch {
    return [];
  }
}

/** Questions to begin with. */
const EXAMPLES = {
  byHour: "select date_trunc('hour', invitedt) as hour, count(*) as calls\nfrom calls.success\nwhere invitedt > now() - interval '1 day'\ngroup by 1\norder by 1",
  longest: "select invitedt, anumber, bdisplayname, duration\nfrom calls.success\norder by duration desc\nlimit 20",
  missed: "select invitedt, fromnumber, callednum, stopreason\nfrom calls.cancelled\nwhere invitedt > now() - interval '1 day'\norder by invitedt desc",
  agents: "select bdisplayname as agent, count(*) as calls, round(avg(duration)) as seconds\nfrom calls.success\nwhere aouter and invitedt > now() - interval '7 days'\ngroup by 1\norder by calls desc",
} as const;

interface Answer { table?: Table; failure?: Error; text: string; milliseconds: number }

export function Sql({ route }: { route: Route }): JSX.Element {
  const runs = may("statistics");
  const host = useRef<HTMLDivElement>(null);
  const pen = useRef<Editor | null>(null);
  const abort = useRef<AbortController | null>(null);
  const [ready, setReady] = useState(false);
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [kept, setKept] = useState(history);
  const run = (): void => {
    const text = pen.current?.text().trim() ?? "";
    if (!text || !runs) return;
    abort.current?.abort();
    const own = (abort.current = new AbortController());
    const began = performance.now();
    setBusy(true);
    pen.current?.mark(null);
    go(address("sql", "", { query: text }), true);
    const next = [text, ...kept.filter((each) => each !== text)].slice(0, KEPT);
    setKept(next);
    localStorage.setItem(HISTORY, JSON.stringify(next));
    const done = (found: Partial<Answer>): void => {
      if (own.signal.aborted) return;
      setBusy(false);
      setAnswer({ ...found, text, milliseconds: performance.now() - began });
    };
    query({ psql: text }, { signal: own.signal }).then((table) => done({ table }), (failure: Error) => {
      done({ failure });
      if (!own.signal.aborted) pen.current?.mark(place(sentence(failure)));
    });
  };
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    let gone = false;
    void import("../editor").then(({ editor }) => {
      if (gone || !host.current) return;
      const text = route.filters["query"] || kept[0] || FIRST;
      pen.current = editor(host.current, text, t("sql.editor"), () => latest.current(), () => pen.current?.mark(null));
      setReady(true);
      void completion().then((schema) => pen.current?.schema(schema));
      if (route.filters["query"]) latest.current();
    });
    return () => {
      gone = true;
      abort.current?.abort();
      pen.current?.destroy();
    };
  }, []);
  const wanted = route.filters["query"];
  // The address changes under the open page: a step back, a bookmark, a link.
  useEffect(() => {
    if (!pen.current || !wanted || wanted === pen.current.text().trim()) return;
    pen.current.set(wanted);
    latest.current();
  }, [wanted]);
  return (
    <section>
      <h1>SQL</h1>
      <p class="lead">{t("sql.lead")} <a href="../docs" target="_blank" rel="noreferrer">{t("sql.reference")}</a></p>
      <div class="editor">
        {!ready && <Loading lines={4} />}
        <div ref={host} data-test="editor" />
      </div>
      <div class="row sql-actions">
        <span class="actions">
          {runs && <button type="button" class="primary" onClick={run} disabled={!ready} data-test="run"><Icon name="play" filled />{busy ? t("sql.running") : t("sql.run")}</button>}
          {busy && <button type="button" class="quiet" onClick={() => { abort.current?.abort(); setBusy(false); }}><Icon name="close" />{t("sql.stop")}</button>}
          {runs && <kbd>Ctrl ↵</kbd>}
          {!runs && <SaveReport psql={() => pen.current?.text() ?? ""} start />}
        </span>
        {kept.length > 0 && <History kept={kept} choose={(text) => { pen.current?.set(text); pen.current?.focus(); }} clear={() => { localStorage.removeItem(HISTORY); setKept([]); }} />}
      </div>
      {!runs && <Note>{t("sql.saveOnly")}</Note>}
      <div aria-live="polite" aria-busy={busy}>{answer ? <Result answer={answer} /> : <Examples choose={(text) => { pen.current?.set(text); latest.current(); }} />}</div>
    </section>
  );
}

/** Return the place that an error text names: "(line 1, column 20, …)". */
export function place(message: string): { line: number; column: number; message: string } | null {
  const found = /line (\d+), column (\d+)/.exec(message);
  return found ? { line: Number(found[1]), column: Number(found[2]), message } : null;
}

function History({ kept, choose, clear }: { kept: string[]; choose: (text: string) => void; clear: () => void }): JSX.Element {
  return (
    <details class="menu">
      <summary>{t("sql.history")} <span class="muted">{number(kept.length)}</span></summary>
      <div class="menu-body">
        <ul>{kept.map((each) => <li key={each}><button type="button" class="plain-button" onClick={(event) => { choose(each); event.currentTarget.closest("details")!.open = false; }}><code>{each.replace(/\s+/g, " ").slice(0, 140)}</code></button></li>)}</ul>
        <button type="button" class="quiet" onClick={clear}>{t("sql.forget")}</button>
      </div>
    </details>
  );
}

function Examples({ choose }: { choose: (text: string) => void }): JSX.Element {
  return (
    <section class="card" aria-labelledby="examples">
      <h2 id="examples">{t("sql.examples")}</h2>
      <ul class="examples">
        {Object.entries(EXAMPLES).map(([name, text]) => (
          <li key={name}><button type="button" class="example" onClick={() => choose(text)}><b>{t(`sql.example.${name}` as "sql.examples")}</b><code>{text}</code></button></li>
        ))}
      </ul>
    </section>
  );
}

function Result({ answer }: { answer: Answer }): JSX.Element {
  const [shape, setShape] = useState<"table" | "chart">("table");
  const { failure, table } = answer;
  if (failure instanceof Stored) {
    return <Note>{t("answer.large", { size: bytes(failure.size) })} <a class="button" href={failure.location} rel="noreferrer">{t("answer.fetch")}</a></Note>;
  }
  if (failure) return <Note tone="error"><span class="sql-error">{sentence(failure)}</span></Note>;
  if (!table) return <></>;
  const draws = drawable(table);
  return (
    <section class="card">
      <header class="row">
        <p class="muted">{t("sql.answered", { n: table.rows.length, seconds: number(answer.milliseconds / 1000, 2) })}</p>
        <span class="actions">
          {draws && (
            <span class="segments" role="group" aria-label={t("sql.shape")}>
              {(["table", "chart"] as const).map((each) => <button key={each} type="button" aria-pressed={shape === each} onClick={() => setShape(each)}>{t(each)}</button>)}
            </span>
          )}
          <CsvButtons asked={{ psql: answer.text }} name="answer.csv" />
          {may("reports") && <SaveReport psql={() => answer.text} />}
        </span>
      </header>
      {shape === "chart" && draws ? <AnyChart table={table} /> : <DataTable table={table} caption={t("sql.answer")} />}
    </section>
  );
}
