// Saving a query as a report, for tokens with the scope `reports`.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { opens } from "../access";
import { channel, Failure } from "../api";
import { sentence } from "../parts/basics";
import { forgetReports } from "../report_source";
import { address } from "../route";
import { t } from "../words";

/** `start` lets the form open towards the end of the line. */
export function SaveReport({ psql, start = false }: { psql: () => string; start?: boolean }): JSX.Element {
  const [title, setTitle] = useState("");
  const [told, setTold] = useState<JSX.Element | string>("");
  const submit = (event: Event): void => {
    event.preventDefault();
    const name = slug(title);
    if (!name) return setTold(t("save.name"));
    channel("reports", "save", { name, title: { en: title, ru: title }, psql: psql() }).then(
      () => {
        forgetReports();
        setTold(opens("reports") ? <a href={address("reports", name)}>{t("save.done")}</a> : t("save.saved"));
      },
      (fault: Error) => setTold(fault instanceof Failure && fault.kind === "scope" ? t("save.scope") : sentence(fault)),
    );
  };
  return (
    <details class={start ? "menu start" : "menu"}>
      <summary>{t("save")}</summary>
      <form class="menu-body narrow" onSubmit={submit}>
        <label class="field"><span>{t("save.title")}</span><input name="title" value={title} maxLength={60} onInput={(event) => setTitle(event.currentTarget.value)} /></label>
        <p class="fine">{t("save.hint")}</p>
        <button type="submit" class="primary">{t("save")}</button>
        <p role="status">{told}</p>
      </form>
    </details>
  );
}

const LATIN: Record<string, string> = Object.fromEntries(
  [..."абвгдеёжзийклмнопрстуфхцчшщъыьэюя"].map((letter, i) => [letter, "a b v g d e e zh z i y k l m n o p r s t u f h ts ch sh sch  y  e yu ya".split(" ")[i] ?? ""]),
);

/** Return a title as the name of a report: lower-case Latin letters, digits and hyphens. */
export function slug(title: string): string {
  const latin = [...title.toLowerCase()].map((letter) => LATIN[letter] ?? letter).join("");
  return latin.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 63);
}
