// The address of one extension, which is a secret: it is asked for by a button, and can be copied and hidden.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { getJson } from "../api";
import { sentence } from "../parts/basics";
import type { Record_ } from "../parts/records";
import { t } from "../words";

export function Address({ row }: { row: Record_ }): JSX.Element {
  const [url, setUrl] = useState("");
  const [told, setTold] = useState("");
  const ask = (): void => {
    const account = new URLSearchParams({ provider: String(row["provider"]), client: String(row["client"]) });
    getJson<{ url: string }>(`operations/extensions/${encodeURIComponent(String(row["name"]))}/address?${account}`).then(
      (answer) => setUrl(answer.url), (fault: Error) => setTold(sentence(fault)),
    );
  };
  const copy = (): void => void navigator.clipboard.writeText(url).then(() => setTold(t("operations.copied")), () => setTold(""));
  if (!url) return <span class="actions"><button type="button" class="small-button" onClick={ask} aria-label={`${t("operations.address")}: ${row["name"]}`}>{t("operations.address")}</button><span role="status">{told}</span></span>;
  return (
    <span class="actions address">
      <code data-test="address">{url}</code>
      <button type="button" class="small-button" onClick={copy}>{t("operations.copy")}</button>
      <button type="button" class="small-button" onClick={() => { setUrl(""); setTold(""); }}>{t("operations.hide")}</button>
      <span role="status" class="fine">{told}</span>
    </span>
  );
}
