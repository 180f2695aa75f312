// Sign-in: a token is pasted once, and kept until the tab is closed.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { identify } from "../access";
import { Failure, token } from "../api";
import { Mark } from "../parts/mark";
import { Note, sentence } from "../parts/basics";
import { t } from "../words";

export function SignIn({ reason, done, tools }: { reason: string; done: () => void; tools: JSX.Element }): JSX.Element {
  const [text, setText] = useState("");
  const [failure, setFailure] = useState(reason);
  const [busy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!text.trim()) return setFailure(t("signin.empty"));
    token.set(text);
    setBusy(true);
    identify(true).then(done, (fault: Error) => {
      token.clear();
      setFailure(fault instanceof Failure && fault.kind === "token" ? t("signin.unknown") : sentence(fault));
      setBusy(false);
    });
  };
  return (
    <main class="sign-in">
      <div class="sign-in-tools">{tools}</div>
      <form class="card" onSubmit={submit}>
        <Mark />
        <h1>Ringledger</h1>
        <p class="lead">{t("signin.lead")}</p>
        {failure && <Note tone="error">{failure}</Note>}
        <label class="field">
          <span>{t("signin.token")}</span>
          <input
            type="password" name="token" value={text} onInput={(event) => setText(event.currentTarget.value)} autocomplete="off"
            spellcheck={false} autofocus aria-describedby="token-hint" aria-invalid={failure ? true : undefined}
          />
        </label>
        <p class="fine" id="token-hint">{t("signin.hint")} <code>ringledger token add NAME --scope statistics --scope recordings</code></p>
        <button type="submit" class="primary" disabled={busy}>{busy ? t("loading") : t("signin.enter")}</button>
      </form>
    </main>
  );
}
