// Languages: messages with plural forms, and numbers, times and durations as each language writes them.

import { en } from "./en";
import { ru } from "./ru";

export type Lang = "en" | "ru";
type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
export type Message = string | Plural;
export type Words = Record<keyof typeof en, Message>;
export type Key = keyof typeof en;

const ALL: Record<Lang, Words> = { en, ru };
const KEY = "ringledger-language";

let lang: Lang = stored() ?? (navigator.languages.some((each) => each.startsWith("ru")) ? "ru" : "en");
let zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function stored(): Lang | null {
  const value = localStorage.getItem(KEY);
  return value === "en" || value === "ru" ? value : null;
}

export const language = (): Lang => lang;
export const siteZone = (): string => zone;

export function speak(next: Lang): void {
  lang = next;
  localStorage.setItem(KEY, next);
  document.documentElement.lang = next;
}

export function useZone(name: string): void {
  zone = name;
}

/** Return a message; `values` replace `{name}`, and `n` chooses the plural form. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const message = ALL[lang][key];
  const text = typeof message === "string" ? message : chosen(message, Number(values["n"] ?? 0));
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : String(value ?? "");
  });
}

function chosen(message: Plural, n: number): string {
  return message[new Intl.PluralRules(lang).select(n)] ?? message.other;
}

/** Return the message of a key that comes from data, or the data itself. */
export function word(prefix: string, value: string): string {
  const key = `${prefix}.${value}` as Key;
  return key in ALL[lang] ? t(key) : value;
}

export function number(value: number, digits = 0): string {
  return new Intl.NumberFormat(lang, { maximumFractionDigits: digits }).format(value);
}

export function percent(share: number, digits = 0): string {
  return new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: digits }).format(share);
}

export function bytes(size: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(3, Math.floor(Math.log10(Math.max(1, size)) / 3));
  const options = { style: "unit", unit: units[step], unitDisplay: step ? "short" : "long", maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(lang, options).format(size / 1000 ** step);
}

/** Return seconds as `m:ss` or `h:mm:ss`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, i) => (i ? String(part).padStart(2, "0") : String(part))).join(":");
}

/** Return seconds in words, the two largest units: "2 h 5 min". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const units: [number, string][] = [[86_400, "day"], [3_600, "hour"], [60, "minute"], [1, "second"]];
  const first = units.findIndex(([size]) => whole >= size);
  if (first < 0) return unit(0, "second");
  const [large, small] = [units[first], units[first + 1]];
  const parts = [unit(Math.floor(whole / large![0]), large![1])];
  const left = small ? Math.floor((whole % large![0]) / small[0]) : 0;
  if (left && small) parts.push(unit(left, small[1]));
  return parts.join(" ");
}

function unit(value: number, name: string): string {
  return new Intl.NumberFormat(lang, { style: "unit", unit: name, unitDisplay: "short" }).format(value);
}

/** Return a naive UTC time of the tables as a moment. */
export function moment(naive: string): Date {
  const text = naive.replace(" ", "T");
  return new Date(/[zZ]$|[+-]\d\d(:?\d\d)?$/.test(text) ? text : `${text}Z`);
}

type Style = "time" | "day" | "full" | "short" | "weekday" | "hour";
const STYLES: Record<Style, Intl.DateTimeFormatOptions> = {
  time: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  hour: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  day: { day: "numeric", month: "short" },
  weekday: { weekday: "short", day: "numeric", month: "short" },
  full: { dateStyle: "long", timeStyle: "medium", hourCycle: "h23" } as Intl.DateTimeFormatOptions,
  short: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
};
/** Styles with a date, which get the year where it is another one. */
const DATED = new Set<Style>(["day", "weekday", "short"]);
const formats = new Map<string, Intl.DateTimeFormat>();

export function when(at: Date | string, style: Style = "short", inZone = zone): string {
  const time = typeof at === "string" ? moment(at) : at;
  const year = DATED.has(style) && time.getUTCFullYear() !== new Date().getUTCFullYear() ? { year: "numeric" as const } : {};
  const key = `${lang}${style}${inZone}${year.year ?? ""}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat(lang, { ...STYLES[style], ...year, timeZone: inZone });
  formats.set(key, known);
  return known.format(time);
}

/** Return the names of the weekdays from Monday. */
export function weekdays(): string[] {
  const format = new Intl.DateTimeFormat(lang, { weekday: "short", timeZone: "UTC" });
  return [1, 2, 3, 4, 5, 6, 7].map((day) => format.format(new Date(Date.UTC(2024, 0, day))));
}

/** Return today's date in the site's zone, moved by so many days, as `YYYY-MM-DD`. */
export function dateOf(moved = 0): string {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(new Date(Date.now()));
  const at = new Date(`${parts}T12:00:00Z`);
  at.setUTCDate(at.getUTCDate() + moved);
  return at.toISOString().slice(0, 10);
}
