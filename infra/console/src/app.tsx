// The frame of the page: sign-in, tabs, language and theme, and the banner while the channel is away.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure, takeTokenFromAddress, token, watch } from "./api";
import { Icon, Loading, Note, Trouble } from "./parts/basics";
import { Mark } from "./parts/mark";
import { Calls } from "./pages/calls";
import { forgetChoices } from "./pages/filter_bar";
import { forgetReports } from "./report_source";
import { Now } from "./pages/now";
import { check, SignIn } from "./pages/sign_in";
import { address, type Route, useRoute } from "./route";
import { setTheme, type Theme, theme } from "./theme";
import { type Key, type Lang, language, speak, t } from "./words";

type Page = (props: { route: Route }) => JSX.Element;
/** Pages with charts, an editor or much text load when they are opened. */
const LATER: Record<string, () => Promise<Page>> = {
  reports: () => import("./pages/reports").then((found) => found.Reports),
  sql: () => import("./pages/sql").then((found) => found.Sql),
  operations: () => import("./pages/operations").then((found) => found.Operations),
};
const TABS = ["now", "reports", "calls", "sql", "operations"] as const;
const AWAY_SECONDS = 5;

export function App(): JSX.Element {
  const [signedIn, setSignedIn] = useState(token.get() !== "");
  const [reason, setReason] = useState("");
  const [away, setAway] = useState<Failure | null>(null);
  const [, setLang] = useState(language());
  const route = useRoute();
  const leave = (why = ""): void => {
    token.clear();
    forgetChoices();
    forgetReports();
    setReason(why);
    setSignedIn(false);
    setAway(null);
  };
  useEffect(() => document.querySelector("header.top nav [aria-current]")?.scrollIntoView({ inline: "nearest", block: "nearest" }), [route.page, signedIn]);
  useEffect(() => watch((failure) => {
    if (failure?.kind === "token" && token.get()) leave(t("signin.expired"));
    else setAway(failure?.kind === "away" ? failure : null);
  }), []);
  useEffect(() => {
    const pasted = (): void => {
      if (takeTokenFromAddress()) setSignedIn(true);
    };
    window.addEventListener("hashchange", pasted);
    return () => window.removeEventListener("hashchange", pasted);
  }, []);
  const tools = <Tools speak={(next) => { speak(next); setLang(next); }} leave={signedIn ? () => leave() : null} />;
  if (!signedIn) return <SignIn key={reason} reason={reason} done={() => setSignedIn(true)} tools={tools} />;
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>{t("skip")}</a>
      <header class="top">
        <a class="brand" href={address("now")}><Mark /><span>Ringledger</span></a>
        <nav aria-label={t("tabs")}>
          {TABS.map((each) => <a key={each} href={address(each)} aria-current={route.page === each ? "page" : undefined}>{t(`tab.${each}` as Key)}</a>)}
        </nav>
        {tools}
      </header>
      {away && <Away />}
      <main id="main" tabIndex={-1}><Shown route={route} /></main>
    </>
  );
}

function Away(): JSX.Element {
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && void check().catch(() => undefined), AWAY_SECONDS * 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="banner" role="alert">
      <Icon name="failed" />{t("away")}
      <button type="button" class="quiet" onClick={() => void check().catch(() => undefined)}><Icon name="retry" />{t("retry")}</button>
    </div>
  );
}

function Shown({ route }: { route: Route }): JSX.Element {
  useEffect(() => {
    const name = TABS.includes(route.page as "now") ? t(`tab.${route.page}` as Key) : t("notFound");
    document.title = `${name} · Ringledger`;
  });
  if (route.page === "now") return <Now />;
  if (route.page === "calls") return <Calls route={route} />;
  const later = LATER[route.page];
  if (later) return <Later key={route.page} load={later} route={route} />;
  return <section><h1>{t("notFound")}</h1><Note>{t("notFound.about")}</Note></section>;
}

function Later({ load, route }: { load: () => Promise<Page>; route: Route }): JSX.Element {
  const [page, setPage] = useState<{ view: Page } | null>(null);
  const [failure, setFailure] = useState<Error | null>(null);
  const fetchPage = (): void => {
    setFailure(null);
    load().then((view) => setPage({ view }), () => setFailure(new Failure("away", "")));
  };
  useEffect(fetchPage, []);
  if (failure) return <Trouble failure={failure} retry={fetchPage} />;
  if (!page) return <Loading lines={6} />;
  const View = page.view;
  return <View route={route} />;
}

const THEMES: Theme[] = ["auto", "light", "dark"];

function Tools({ speak: say, leave }: { speak: (lang: Lang) => void; leave: (() => void) | null }): JSX.Element {
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
      {leave && <button type="button" class="quiet" onClick={leave}>{t("leave")}</button>}
    </div>
  );
}
