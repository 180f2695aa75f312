// Small parts of every page: icons, states, notes, and loading from the API.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Failure, Stored } from "../api";
import { bytes, t, word } from "../words";

const PATHS = {
  answered: "M3.5 8.5l3 3 6-7",
  missed: "M4 4l8 8M12 4l-8 8",
  ringing: "M8 2.5v2M8 11.5v2M2.5 8h2M11.5 8h2M4.1 4.1l1.4 1.4M10.5 10.5l1.4 1.4M4.1 11.9l1.4-1.4M10.5 5.5l1.4-1.4",
  failed: "M8 3v6M8 12v.5",
  incoming: "M12 4L4.5 11.5M4.5 6v5.5H10",
  outgoing: "M4 12l7.5-7.5M6 4.5h5.5V10",
  internal: "M2.5 6h9l-2.5-2.5M13.5 10h-9L7 12.5",
  play: "M5 3.5v9l7.5-4.5z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  screen: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  download: "M8 2.5v7M5 7l3 3 3-3M3 13h10",
  close: "M4 4l8 8M12 4l-8 8",
  search: "M7 2.8a4.2 4.2 0 1 0 0 8.4a4.2 4.2 0 1 0 0-8.4M10.2 10.2l3.3 3.3",
  back: "M9.5 3.5L5 8l4.5 4.5",
  on: "M6.5 3.5L11 8l-4.5 4.5",
  record: "M8 4.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7",
  retry: "M12.8 6.5A5 5 0 1 0 13 9M13 3v3.5H9.5",
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({ name, filled = false }: { name: IconName; filled?: boolean }): JSX.Element {
  return (
    <svg class={filled ? "icon filled" : "icon"} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

const STATE_ICONS: Record<string, IconName> = {
  answered: "answered", missed: "missed", failed: "failed", ringing: "ringing", waiting: "ringing", talking: "answered",
};

/** A state as a colour, a shape and a word: nobody has to see the colour. */
export function State({ name, label }: { name: string; label?: string }): JSX.Element {
  const icon = STATE_ICONS[name];
  return (
    <span class={`state ${name}`}>
      {icon ? <Icon name={icon} /> : <span class="dot" aria-hidden="true" />}
      {label ?? word("state", name)}
    </span>
  );
}

export function Note({ tone = "info", children }: { tone?: "info" | "error"; children: ComponentChildren }): JSX.Element {
  return (
    <div class={`note ${tone}`} role={tone === "error" ? "alert" : "status"}>
      {children}
    </div>
  );
}

export function Empty({ children }: { children: ComponentChildren }): JSX.Element {
  return <p class="empty">{children}</p>;
}

/** What is shown until the first answer: a quiet block that is read as "Loading". */
export function Loading({ lines = 3 }: { lines?: number }): JSX.Element {
  return (
    <div class="skeleton" role="status">
      <span class="hidden">{t("loading")}</span>
      {Array.from({ length: lines }, (_, i) => <span key={i} class="bone" aria-hidden="true" />)}
    </div>
  );
}

export function Trouble({ failure, retry }: { failure: Error; retry?: () => void }): JSX.Element {
  if (failure instanceof Stored) return <Note>{t("answer.large", { size: bytes(failure.size) })}</Note>;
  return (
    <Note tone="error">
      <span>{sentence(failure)}</span>
      {retry && <button type="button" class="quiet" onClick={retry}><Icon name="retry" />{t("retry")}</button>}
    </Note>
  );
}

/** Return what a failure means for the reader. */
export function sentence(failure: Error): string {
  if (!(failure instanceof Failure)) return failure.message;
  if (failure.kind === "away") return failure.code === "429" ? t("busy") : t("away.short");
  if (failure.kind === "token") return t("signin.expired");
  return failure.message || t("failed");
}

export interface Loaded<T> { data?: T; failure?: Error; busy: boolean; reload: () => void }

/** Load data now and whenever `key` changes; what came before stays visible meanwhile. */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, key: string): Loaded<T> {
  const [state, setState] = useState<{ data?: T; failure?: Error; busy: boolean }>({ busy: true });
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    const abort = new AbortController();
    setState((before) => ({ ...before, busy: true }));
    latest.current(abort.signal).then(
      (data) => !abort.signal.aborted && setState({ data, busy: false }),
      (failure: Error) => !abort.signal.aborted && setState((before) => ({ data: before.data, failure, busy: false })),
    );
    return () => abort.abort();
  }, [key, round]);
  return { ...state, reload: () => setRound((before) => before + 1) };
}

/** Call `poll` every `seconds` while the tab is visible, and at once when it becomes visible again. */
export function usePolling(poll: () => void, seconds: number): void {
  const latest = useRef(poll);
  latest.current = poll;
  useEffect(() => {
    const visible = (): void => {
      if (!document.hidden) latest.current();
    };
    const timer = setInterval(visible, seconds * 1000);
    document.addEventListener("visibilitychange", visible);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", visible);
    };
  }, [seconds]);
}

/** Return a number that grows each second, for durations that run on. */
export function useSeconds(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** Give the browser a file to save. */
export function save(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
