// Downloads: an answer as a file, or the address at which the storage keeps a large one.

import type { JSX } from "preact";
import { type Query, request } from "../api";
import { t } from "../words";
import { Icon, save } from "./basics";

/** Fetch a file with the token, and give it to the browser to save. */
export async function fetchFile(path: string, name: string, init: RequestInit = {}): Promise<void> {
  const separator = path.includes("?") ? "&" : "?";
  const answer = await request(`${path}${separator}redirect=0`, init);
  if (!(answer.headers.get("Content-Type") ?? "").startsWith("application/json")) return save(name, await answer.blob());
  const { location } = await answer.json();
  if (location) Object.assign(document.createElement("a"), { href: location, download: name, rel: "noreferrer" }).click();
}

/** Two downloads of a query: plain CSV, and CSV for spreadsheets. */
export function CsvButtons({ asked, name }: { asked: Query; name: string }): JSX.Element {
  const download = (excel: boolean): void => {
    const options = { ...asked, format: "csv", ...(excel ? { excel } : {}) };
    const body = JSON.stringify({ entity: "chronological", action: "data", options });
    void fetchFile("statistics", name, { method: "POST", body, headers: { "Content-Type": "application/json" } });
  };
  return (
    <span class="actions">
      <button type="button" class="quiet" data-test="csv" onClick={() => download(false)}><Icon name="download" />CSV</button>
      <button type="button" class="quiet" onClick={() => download(true)}><Icon name="download" />{t("csv.excel")}</button>
    </span>
  );
}
