// The newest phone calls of one contact.

import type { JSX } from "preact";
import { getJson } from "../api";
import { Empty, Icon, Loading, Trouble, useLoad } from "../parts/basics";
import { type Record_, Records } from "../parts/records";
import { address } from "../route";
import { t } from "../words";

export function ContactCalls({ id }: { id: string }): JSX.Element {
  const { data, failure, reload } = useLoad((signal) => getJson<{ calls: Record_[] }>(`operations/contacts/${encodeURIComponent(id)}/calls`, { signal }), id);
  const back = <a class="back" href={address("operations", "contacts")}><Icon name="back" />{t("operations.contacts")}</a>;
  if (failure) return <>{back}<Trouble failure={failure} retry={reload} /></>;
  if (!data) return <>{back}<Loading lines={6} /></>;
  return (
    <>
      {back}
      {data.calls.length ? <Records rows={data.calls} caption={t("operations.contactCalls")} hidden={["id"]} /> : <Empty>{t("operations.noPhonecalls")}</Empty>}
    </>
  );
}
