// The address: a page and its filters after the `#`, so that a view can be bookmarked and sent.

import { useEffect, useState } from "preact/hooks";

export type Filters = Record<string, string>;
export interface Route { page: string; rest: string; filters: Filters }

/** Return the route of an address such as `#/reports/heat-map?days=30`. */
export function parsed(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?");
  const [page = "", ...rest] = path.split("/").map(decodeURIComponent);
  return { page, rest: rest.join("/"), filters: Object.fromEntries(new URLSearchParams(search)) };
}

/** Return the address of a page; empty filters are left out. */
export function address(page: string, rest = "", filters: Filters = {}): string {
  const kept = Object.entries(filters).filter(([, value]) => value);
  const search = kept.length ? `?${new URLSearchParams(kept)}` : "";
  return `#/${page}${rest ? `/${rest.split("/").map(encodeURIComponent).join("/")}` : ""}${search}`;
}

/** Go to an address; `replace` leaves no step in the history. */
export function go(to: string, replace = false): void {
  if (replace) {
    history.replaceState(null, "", to);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = to;
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parsed(location.hash));
  useEffect(() => {
    const change = (): void => setRoute(parsed(location.hash));
    window.addEventListener("hashchange", change);
    return () => window.removeEventListener("hashchange", change);
  }, []);
  return route;
}
