// Light or dark: what the system says, or what the reader chose.

export type Theme = "auto" | "light" | "dark";
const KEY = "ringledger-theme";

export function theme(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

export function setTheme(next: Theme): void {
  localStorage.setItem(KEY, next);
  show(next);
  window.dispatchEvent(new Event("theme"));
}

/** Apply a theme to the document. */
export function show(next: Theme): void {
  if (next === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = next;
}
