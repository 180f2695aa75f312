// Recordings for a token that may hear calls and not list them: the link or the id of a call leads to its player.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Note } from "../parts/basics";
import { address, go, type Route } from "../route";
import { t } from "../words";
import { Player } from "./player";

const ID = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/i;

export function Recordings({ route }: { route: Route }): JSX.Element {
  const [text, setText] = useState(route.rest);
  const [wrong, setWrong] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    const id = ID.exec(text)?.[0] ?? "";
    setWrong(!id);
    if (id) go(address("recordings", id));
  };
  const chosen = ID.exec(route.rest)?.[0] ?? "";
  return (
    <section data-test="recordings">
      <h1>{t("tab.recordings")}</h1>
      <p class="lead">{t("recordings.lead")}</p>
      <form class="filters card" onSubmit={submit}>
        <label class="field grow"><span>{t("recordings.which")}</span><input name="call" value={text} spellcheck={false} autocomplete="off" onInput={(event) => setText(event.currentTarget.value)} /></label>
        <button type="submit" class="primary">{t("player.listen")}</button>
      </form>
      {(wrong || (route.rest !== "" && !chosen)) && <Note tone="error">{t("recordings.wrong")}</Note>}
      {chosen && <section class="card recording" key={chosen}><h2>{t("recording")} <code class="muted">{chosen}</code></h2><Player inviteid={chosen} seconds={0} starts /></section>}
    </section>
  );
}
