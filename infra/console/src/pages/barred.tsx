// What stands in place of a page that the token does not open: what is missing, and where to go instead.

import type { JSX } from "preact";
import { known, menu, OPENED_BY, type Page } from "../access";
import { Icon, Note } from "../parts/basics";
import { address } from "../route";
import { type Key, t } from "../words";

export function Barred({ page, leave }: { page: Page; leave: () => void }): JSX.Element {
  const holder = known();
  const scopes = holder?.scopes?.join(", ") ?? "";
  const open = menu();
  return (
    <section data-test="barred">
      <h1>{t(`tab.${page}` as Key)}</h1>
      <Note>{t("barred", { page: t(`tab.${page}` as Key), needed: OPENED_BY[page][0], scopes, name: holder?.name ?? "" })}</Note>
      {open.length > 0 ? <p>{t("barred.open")}</p> : <p>{t("barred.none")}</p>}
      <p class="actions">
        {open.map((each) => <a key={each} class="button" href={address(each)}>{t(`tab.${each}` as Key)}<Icon name="on" /></a>)}
        {!open.length && <button type="button" class="primary" onClick={leave}>{t("barred.other")}</button>}
      </p>
    </section>
  );
}
