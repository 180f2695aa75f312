// What the holder of the token may open: its name, its scopes, and the pages of each scope.

import { Failure, getJson, token } from "./api";

const KEY = "ringledger-holder";
export const PAGES = ["now", "reports", "calls", "sql", "recordings", "operations"] as const;
export type Page = (typeof PAGES)[number];

/** The owner of the token; `scopes` is null where the service does not tell them. */
export interface Holder { name: string; scopes: string[] | null }

/** The scopes of which one opens a page; the first one opens all of it. */
export const OPENED_BY: Record<Page, readonly [string, ...string[]]> = {
  now: ["statistics"], reports: ["statistics"], calls: ["statistics"], sql: ["statistics", "reports"], recordings: ["recordings"], operations: ["operations"],
};

let holder: Holder | null = kept();

function kept(): Holder | null {
  try {
    return token.get() ? (JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Holder | null) : null;
  } catch {
    return null;
  }
}

export const known = (): Holder | null => holder;

export function forgetHolder(): void {
  holder = null;
  sessionStorage.removeItem(KEY);
}

/** Ask the service who owns the token. Raise Failure when it is not valid, or the service is away. */
export async function identify(quiet = false): Promise<Holder> {
  const asked = token.get();
  const found = await getJson<Holder>("token", { quiet }).catch((fault: Error) => {
    if (!(fault instanceof Failure) || fault.kind === "token" || fault.kind === "away") throw fault;
    return { name: "", scopes: null };
  });
  // The reader may have signed out, or come back with another token, meanwhile.
  if (token.get() !== asked) throw new Failure("token", "");
  holder = found;
  sessionStorage.setItem(KEY, JSON.stringify(holder));
  return holder;
}

/** Tell whether the token has a scope, as far as that is known. */
export const may = (scope: string): boolean => holder?.scopes?.includes(scope) ?? true;

export const opens = (page: Page): boolean => OPENED_BY[page].some(may);

/** Return the pages of the menu: the page of recordings is for tokens that may hear calls and not list them. */
export function menu(): Page[] {
  return PAGES.filter((page) => opens(page) && (page !== "recordings" || !opens("calls")));
}
