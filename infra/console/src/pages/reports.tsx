// Reports: pictures first; each opens with its parameters, its table, its CSV and its SQL.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { may } from "../access";
import { objects, type Table } from "../api";
import { Empty, Icon, Loading, Note, sentence, Trouble, useLoad } from "../parts/basics";
import { DataTable } from "../parts/table";
import { ignored, remove, type Report, reports, run, titled } from "../report_source";
import { address, type Filters, go, type Route } from "../route";
import { number, t, when, word } from "../words";
import { FilterBar } from "./filter_bar";
import { Parameters } from "./report_parameters";
import { Drawn, isTable } from "./report_picture";
import { CsvOf, ReportFiles, ReportSql } from "./report_files";

export function Reports({ route }: { route: Route }): JSX.Element {
  const { data, failure, reload } = useLoad(() => reports(), "list");
  const report = data?.find((each) => each.name === route.rest);
  return (
    <section>
      {route.rest && <a class="back" href={address("reports", "", route.filters)}><Icon name="back" />{t("tab.reports")}</a>}
      <h1>{report ? titled(report.title) : t("tab.reports")}</h1>
      {report && titled(report.description) && <p class="lead">{titled(report.description)}</p>}
      <FilterBar page="reports" rest={route.rest} filters={route.filters} days={30} />
      {failure && <Trouble failure={failure} retry={reload} />}
      {!data && !failure && <Loading lines={8} />}
      {data && route.rest && !report && <Note>{t("report.unknown", { name: route.rest })}</Note>}
      {data && !route.rest && <div class="grid">{data.map((each) => <Card key={each.name} report={each} filters={route.filters} />)}</div>}
      {report && <Whole report={report} filters={route.filters} removed={reload} />}
    </section>
  );
}

const WIDE = new Set(["not-called-back", "heat-map"]);

function useReport(report: Report, filters: Filters): ReturnType<typeof useLoad<Table>> {
  return useLoad((signal) => run(report, filters, { signal }), JSON.stringify([report.name, filters]));
}

function Ignored({ report, filters }: { report: Report; filters: Filters }): JSX.Element | null {
  const names = ignored(report, filters);
  if (!names.length) return null;
  return <p class="fine ignored">{t("report.ignored", { names: names.map((name) => word("filter", name)).join(", ") })}</p>;
}

function Card({ report, filters }: { report: Report; filters: Filters }): JSX.Element {
  const { data, failure, reload, busy } = useReport(report, filters);
  return (
    <article class={WIDE.has(report.name) ? "card report wide" : "card report"} aria-busy={busy} data-report={report.name}>
      <header>
        <h2><a href={address("reports", report.name, filters)}>{titled(report.title)}</a></h2>
        <span class="actions">
          {data && report.name === "not-called-back" && <strong class="count missed">{number(data.rows.length)}</strong>}
          {data && data.rows.length > 0 && <CsvOf report={report} filters={filters} label={titled(report.title)} />}
        </span>
      </header>
      <Ignored report={report} filters={filters} />
      {failure && <Trouble failure={failure} retry={reload} />}
      {!data && !failure && <Loading lines={5} />}
      {data && !data.rows.length && <Empty>{t("report.empty")}</Empty>}
      {data && data.rows.length > 0 && <Drawn name={report.name} rows={objects(data)} table={data} filters={filters} label={titled(report.title)} small />}
    </article>
  );
}

function Whole({ report, filters, removed }: { report: Report; filters: Filters; removed: () => void }): JSX.Element {
  const { data, failure, reload, busy } = useReport(report, filters);
  const label = titled(report.title);
  return (
    <div aria-busy={busy} data-report={report.name}>
      <Parameters report={report} filters={filters} />
      <Ignored report={report} filters={filters} />
      {failure && <Trouble failure={failure} retry={reload} />}
      {!data && !failure && <Loading lines={8} />}
      {data && data.rows.length > 0 && !isTable(report.name, data) && (
        <div class="card"><Drawn name={report.name} rows={objects(data)} table={data} filters={filters} label={label} small={false} /></div>
      )}
      {data && (
        <section class="card">
          <header class="row"><h2>{t("table")}</h2><ReportFiles report={report} filters={filters} /></header>
          {data.rows.length ? <DataTable table={data} caption={label} words zone="UTC" /> : <Empty>{t("report.empty")}</Empty>}
        </section>
      )}
      <ReportSql report={report} filters={filters} />
      {report.origin === "saved" && <Saved report={report} removed={removed} />}
    </div>
  );
}

/** Who saved a report and when, and a button that removes it, where the token may. */
function Saved({ report, removed }: { report: Report; removed: () => void }): JSX.Element {
  const [sure, setSure] = useState(false);
  const [told, setTold] = useState("");
  const press = (): void => {
    if (!sure) return setSure(true);
    remove(report).then(() => { removed(); go(address("reports"), true); }, (fault: Error) => setTold(sentence(fault)));
  };
  return (
    <p class="actions fine" data-test="saved">
      {t("report.saved", { by: report.changed_by || t("unknown"), at: report.changed_at ? when(report.changed_at) : "–" })}
      {may("reports") && <button type="button" class={sure ? "primary small-button" : "quiet small-button"} onClick={press} onBlur={() => setSure(false)}>{sure ? t("operations.sure") : t("report.remove")}</button>}
      <span role="status">{told}</span>
    </p>
  );
}
