// A report as files and as SQL: CSV, CSV for spreadsheets, its address for other tools, and its query.

import type { JSX } from "preact";
import { ROOT } from "../api";
import { next, quoted, written } from "../filters";
import { Icon } from "../parts/basics";
import { fetchFile } from "../parts/csv";
import { fileAddress, params, type Report } from "../report_source";
import { address, type Filters } from "../route";
import { t } from "../words";

/** One report as CSV, by a small button. */
export function CsvOf({ report, filters, label }: { report: Report; filters: Filters; label: string }): JSX.Element {
  const download = (): void => void fetchFile(fileAddress(report, filters, "csv", false), `${report.name}.csv`);
  return <button type="button" class="quiet small-button" data-test="csv" onClick={download}><Icon name="download" />CSV<span class="hidden"> – {label}</span></button>;
}

export function ReportFiles({ report, filters }: { report: Report; filters: Filters }): JSX.Element {
  const download = (excel: boolean): void => void fetchFile(fileAddress(report, filters, "csv", excel), `${report.name}.csv`);
  const copy = (): void => void navigator.clipboard?.writeText(new URL(fileAddress(report, filters, "csv"), ROOT).href);
  return (
    <span class="actions">
      <button type="button" class="quiet" data-test="csv" onClick={() => download(false)}><Icon name="download" />CSV</button>
      <button type="button" class="quiet" onClick={() => download(true)}><Icon name="download" />{t("csv.excel")}</button>
      <button type="button" class="quiet" onClick={copy} title={t("csv.address.about")}>{t("csv.address")}</button>
    </span>
  );
}

/** The query with its values: dates become the moments at which the site's days begin and end. */
export function ReportSql({ report, filters }: { report: Report; filters: Filters }): JSX.Element {
  const values = params(report, filters);
  const zone = quoted(String(values["zone"]));
  const moment = (date: string): string => (/^\d{4}-\d\d-\d\d$/.test(date) ? `(timestamp ${quoted(date)} at time zone ${zone} at time zone 'UTC')` : quoted(date));
  const constants = report.parameters.map(({ name, type, default: usual }) => {
    const value = values[name] ?? usual;
    if (typeof value !== "string") return [name, String(value)];
    return [name, type === "time" ? moment(value) : type === "until" ? moment(next(value)) : quoted(value)];
  });
  const sql = written(report.psql.trim(), { ...Object.fromEntries(constants), zone });
  return (
    <details class="fold card">
      <summary>SQL</summary>
      <pre tabIndex={0}><code>{sql}</code></pre>
      <a class="button" href={address("sql", "", { query: sql })}>{t("sql.open")}</a>
    </details>
  );
}

