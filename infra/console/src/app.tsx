// The frame of the page: sign-in, tabs, language and theme, and the banner while the channel is away.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { forgetHolder, identify, known, menu, opens, type Page, PAGES } from "./access";
import { Failure, probe, takeTokenFromAddress, token, watch } from "./api";
import { Icon, Loading, Note, Trouble } from "./parts/basics";
import { Mark } from "./parts/mark";
import { Barred } from "./pages/barred";
import { Calls } from "./pages/calls";
import { forgetChoices } from "./pages/filter_bar";
import { forgetReports } from "./report_source";
import { Now } from "./pages/now";
import { SignIn } from "./pages/sign_in";
import { address, type Route, useRoute } from "./route";
import { setTheme, type Theme, theme } from "./theme";
import { type Key, type Lang, language, speak, t } from "./words";

type View = (props: { route: Route }) => JSX.Element;
/** Pages with charts, an editor or much text load when they are opened. */
const LATER: Partial<Record<Page, () => Promise<View>>> = {
  reports: () => import("./pages/reports").then((found) => found.Reports),
  sql: () => import("./pages/sql").then((found) => found.Sql),
  recordings: () => import("./pages/recordings").then((found) => found.Recordings),
  operations: () => import("./pages/operations").then((found) => found.Operations),
};
const AWAY_SECONDS = 5;

export function App(): JSX.Element {
  const [signedIn, setSignedIn] = useState(token.get() !== "");
  const [reason, setReason] = useState("");
  const [away, setAway] = useState<Failure | null>(null);
  const [holder, setHolder] = useState(known());
  const [failure, setFailure] = useState<Error | null>(null);
  const [, setLang] = useState(language());
  const route = useRoute();
  const forget = (): void => {
    forgetChoices();
    forgetReports();
    forgetHolder();
    setHolder(null);
  };
  const leave = (why = ""): void => {
    token.clear();
    forget();
    setReason(why);
    setSignedIn(false);
    setAway(null);
  };
  useEffect(() => document.querySelector("header.top nav [aria-current]")?.scrollIntoView({ inline: "nearest", block: "nearest" }), [route.page, holder]);
  useEffect(() => watch((failure) => {
    if (failure?.kind === "token" && token.get()) leave(t("signin.expired"));
    else setAway(failure?.kind === "away" ? failure : null);
  }), []);
  useEffect(() => {
    const pasted = (): void => {
      if (!takeTokenFromAddress()) return;
      forget();
      setSignedIn(true);
    };
    window.addEventListener("hashchange", pasted);
    return () => window.removeEventListener("hashchange", pasted);
  }, []);
  const ask = (): void => {
    setFailure(null);
    identify().then(setHolder, setFailure);
  };
  useEffect(closeMenus, []);
  useEffect(() => {
    if (signedIn && !holder) ask();
  }, [signedIn, holder]);
  const tools = <Tools speak={(next) => { speak(next); setLang(next); }} leave={signedIn ? () => leave() : null} name={holder?.name ?? ""} />;
  if (!signedIn) return <SignIn key={reason} reason={reason} done={() => { setHolder(known()); setSignedIn(true); }} tools={tools} />;
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>{t("skip")}</a>
      <header class="top">
        <a class="brand" href="#/"><Mark /><span>Ringledger</span></a>
        <nav aria-label={t("tabs")}>
          {holder && menu().map((each) => <a key={each} href={address(each)} aria-current={pageOf(route) === each ? "page" : undefined}>{t(`tab.${each}` as Key)}</a>)}
        </nav>
        {tools}
      </header>
      {away && <Away failure={away} />}
      <main id="main" tabIndex={-1}>
        {holder && <Shown route={route} leave={() => leave()} />}
        {!holder && (failure ? <Trouble failure={failure} retry={ask} /> : <Loading lines={6} />)}
      </main>
    </>
  );
}

/** Close an open menu when the reader presses Escape, or goes on elsewhere. */
function closeMenus(): () => void {
  const close = (event: Event): void => {
    for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
      const escaped = event instanceof KeyboardEvent && event.key === "Escape";
      if (!escaped && (event instanceof KeyboardEvent || menu.contains(event.target as Node))) continue;
      menu.open = false;
      if (escaped) menu.querySelector("summary")?.focus();
    }
  };
  const kinds = ["keydown", "pointerdown", "focusin"];
  for (const kind of kinds) document.addEventListener(kind, close);
  return () => kinds.forEach((kind) => document.removeEventListener(kind, close));
}

/** Return the page of an address; without one it is the first that the token opens. */
function pageOf(route: Route): Page | null {
  if (!route.page) return menu()[0] ?? "now";
  const [listed, heard] = [opens("calls"), opens("recordings")];
  // A link to a call works for whoever may hear it, with its details or without.
  if (route.page === "calls" && !listed && heard) return "recordings";
  if (route.page === "recordings" && listed) return "calls";
  return PAGES.find((each) => each === route.page) ?? null;
}

function Away({ failure }: { failure: Failure }): JSX.Element {
  const again = (): void => void probe(failure.path).catch(() => undefined);
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && again(), AWAY_SECONDS * 1000);
    return () => clearInterval(timer);
  }, [failure]);
  return (
    <div class="banner" role="alert">
      <Icon name="failed" />{failure.code === "429" ? t("busy") : t("away")}
      <button type="button" class="quiet" onClick={again}><Icon name="retry" />{t("retry")}</button>
    </div>
  );
}

function Shown({ route, leave }: { route: Route; leave: () => void }): JSX.Element {
  const page = pageOf(route);
  useEffect(() => {
    document.title = `${page ? t(`tab.${page}` as Key) : t("notFound")} · Ringledger`;
  });
  if (!page) return <section><h1>{t("notFound")}</h1><Note>{t("notFound.about")}</Note></section>;
  if (!opens(page)) return <Barred page={page} leave={leave} />;
  if (page === "now") return <Now />;
  if (page === "calls") return <Calls route={route} />;
  return <Later key={page} load={LATER[page]!} route={route} />;
}

function Later({ load, route }: { load: () => Promise<View>; route: Route }): JSX.Element {
  const [page, setPage] = useState<{ view: View } | null>(null);
  const [failure, setFailure] = useState<Error | null>(null);
  const fetchPage = (): void => {
    setFailure(null);
    load().then((view) => setPage({ view }), () => setFailure(new Failure("away", "")));
  };
  useEffect(fetchPage, []);
  if (failure) return <Trouble failure={failure} retry={fetchPage} />;
  if (!page) return <Loading lines={6} />;
  const Page = page.view;
  return <Page route={route} />;
}

const THEMES: Theme[] = ["auto", "light", "dark"];

function Tools({ speak: say, leave, name }: { speak: (lang: Lang) => void; leave: (() => void) | null; name: string }): JSX.Element {
  const [shown, setShown] = useState(theme());
  const choose = (next: Theme): void => {
    setTheme(next);
    setShown(next);
  };
  return (
    <div class="tools">
      <span class="segments small" role="group" aria-label="Language / Язык">
        {(["en", "ru"] as const).map((each) => (
          <button key={each} type="button" lang={each} aria-pressed={language() === each} onClick={() => say(each)}>{each.toUpperCase()}<span class="hidden">{each === "en" ? " – English" : " – русский"}</span></button>
        ))}
      </span>
      <label class="theme">
        <span class="hidden">{t("theme")}</span>
        <select value={shown} onChange={(event) => choose(event.currentTarget.value as Theme)}>
          {THEMES.map((each) => <option key={each} value={each}>{t(`theme.${each}` as Key)}</option>)}
        </select>
      </label>
      {leave && <button type="button" class="quiet" onClick={leave} title={name}>{t("leave")}</button>}
    </div>
  );
}
