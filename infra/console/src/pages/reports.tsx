// Reports: pictures first; each opens with its table, its CSV and its SQL.

import type { JSX } from "preact";
import { type Query, query, request, type Table } from "../api";
import { period, written } from "../filters";
import { Empty, Icon, Loading, save, Trouble, useLoad } from "../parts/basics";
import { DataTable } from "../parts/table";
import { type Report, REPORTS, reportQuery } from "../report_catalog";
import { address, type Filters, type Route } from "../route";
import { number, t } from "../words";
import { FilterBar } from "./filter_bar";
import { Drawn } from "./report_picture";

export function Reports({ route }: { route: Route }): JSX.Element {
  const report = REPORTS.find((each) => each.name === route.rest);
  return (
    <section>
      {report ? <a class="back" href={address("reports", "", route.filters)}><Icon name="back" />{t("tab.reports")}</a> : null}
      <h1>{report ? title(report) : t("tab.reports")}</h1>
      {report && <p class="lead">{t(`report.${report.name}.about` as "report.heat-map.about")}</p>}
      <FilterBar page="reports" rest={route.rest} filters={route.filters} days={30} />
      {report ? <Whole report={report} filters={route.filters} /> : <Overview filters={route.filters} />}
    </section>
  );
}

const title = (report: Report): string => t(`report.${report.name}` as "report.heat-map");

function Overview({ filters }: { filters: Filters }): JSX.Element {
  return <div class="grid">{REPORTS.map((report) => <Card key={report.name} report={report} filters={filters} />)}</div>;
}

function useReport(report: Report, filters: Filters): { asked: Query; loaded: ReturnType<typeof useLoad<Table>> } {
  const asked = reportQuery(report, filters);
  const loaded = useLoad((signal) => query(asked, { signal }), JSON.stringify(asked));
  return { asked, loaded };
}

function Card({ report, filters }: { report: Report; filters: Filters }): JSX.Element {
  const { loaded } = useReport(report, filters);
  const { data, failure, reload, busy } = loaded;
  return (
    <article class={report.wide ? "card report wide" : "card report"} aria-busy={busy} data-report={report.name}>
      <header>
        <h2><a href={address("reports", report.name, filters)}>{title(report)}</a></h2>
        {data && report.name === "not-called-back" && <strong class="count missed">{number(data.rows.length)}</strong>}
      </header>
      {failure && <Trouble failure={failure} retry={reload} />}
      {!data && !failure && <Loading lines={5} />}
      {data && !data.rows.length && <Empty>{t("report.empty")}</Empty>}
      {data && data.rows.length > 0 && <Drawn report={report} table={data} filters={filters} small />}
    </article>
  );
}

function Whole({ report, filters }: { report: Report; filters: Filters }): JSX.Element {
  const { asked, loaded } = useReport(report, filters);
  const { data, failure, reload, busy } = loaded;
  const sql = written(asked);
  return (
    <div aria-busy={busy}>
      {failure && <Trouble failure={failure} retry={reload} />}
      {!data && !failure && <Loading lines={8} />}
      {data && !data.rows.length && <Empty>{t("report.empty")}</Empty>}
      {data && data.rows.length > 0 && report.picture !== "table" && <div class="card"><Drawn report={report} table={data} filters={filters} /></div>}
      {data && (
        <section class="card">
          <header class="row">
            <h2>{t("table")}</h2>
            <CsvButtons asked={asked} name={fileName(report, filters)} />
          </header>
          <DataTable table={data} caption={title(report)} words />
        </section>
      )}
      <details class="fold card">
        <summary>SQL</summary>
        <pre tabIndex={0}><code>{sql}</code></pre>
        <a class="button" href={address("sql", "", { query: sql })}>{t("sql.open")}</a>
      </details>
    </div>
  );
}

function fileName(report: Report, filters: Filters): string {
  const { from, to } = period(filters);
  return `${report.name}-${from}-${to}.csv`;
}

/** Two downloads of a query: plain CSV, and CSV for spreadsheets. */
export function CsvButtons({ asked, name }: { asked: Query; name: string }): JSX.Element {
  const download = async (excel: boolean): Promise<void> => {
    const options = { ...asked, format: "csv", ...(excel ? { excel } : {}) };
    const body = JSON.stringify({ entity: "chronological", action: "data", options });
    const answer = await request("statistics?redirect=0", { method: "POST", body, headers: { "Content-Type": "application/json" } });
    if ((answer.headers.get("Content-Type") ?? "").startsWith("application/json")) {
      const { location } = await answer.json();
      if (location) Object.assign(document.createElement("a"), { href: location, download: name }).click();
      return;
    }
    save(name, await answer.blob());
  };
  return (
    <span class="actions">
      <button type="button" class="quiet" data-test="csv" onClick={() => void download(false)}><Icon name="download" />CSV</button>
      <button type="button" class="quiet" onClick={() => void download(true)}><Icon name="download" />{t("csv.excel")}</button>
    </span>
  );
}
