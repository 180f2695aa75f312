// The phone-call service: which integrations created calls, what they deleted, and which numbers were refused.

import type { JSX } from "preact";
import { getJson } from "../api";
import { Empty, Loading, Trouble, useLoad } from "../parts/basics";
import { type Record_, Records } from "../parts/records";
import { type Key, t } from "../words";

const TABLES = ["rejected", "deletions", "owners"] as const;

export function Phonecalls(): JSX.Element {
  const { data, failure, reload } = useLoad((signal) => getJson<Record<string, Record_[]>>("operations/phonecalls", { signal }), "phonecalls");
  if (failure) return <Trouble failure={failure} retry={reload} />;
  if (!data) return <Loading lines={6} />;
  return (
    <>
      {TABLES.map((name) => {
        const title = t(`operations.phonecalls.${name}` as Key);
        const rows = data[name] ?? [];
        return <section class="card" key={name}><h2>{title}</h2>{rows.length ? <Records rows={rows} caption={title} hidden={[]} /> : <Empty>{t("operations.none")}</Empty>}</section>;
      })}
    </>
  );
}
