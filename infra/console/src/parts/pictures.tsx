// Pictures made of HTML: a heat map of hours and weekdays, and bars of names. Both are tables for a screen reader.

import type { JSX } from "preact";
import { number, t, weekdays } from "../words";

export interface Heat { day: number; hour: number; value: number }

/** Draw counts by weekday (1 is Monday) and hour in nine steps of one colour. */
export function HeatMap({ cells, label }: { cells: Heat[]; label: string }): JSX.Element {
  const most = Math.max(1, ...cells.map((cell) => cell.value));
  const found = new Map(cells.map((cell) => [cell.day * 24 + cell.hour, cell.value]));
  const busy = cells.filter((cell) => cell.value > 0).map((cell) => cell.hour);
  const first = Math.min(8, ...busy);
  const hours = Array.from({ length: Math.max(18, ...busy) - first + 1 }, (_, i) => i + first);
  return (
    <div class="scroll plain" role="region" aria-label={label} tabIndex={0}>
      <table class="heat" style={{ minWidth: `${hours.length * 1.7 + 3}rem` }}>
        <caption class="hidden">{label}</caption>
        <thead>
          <tr>
            <td />
            {hours.map((hour) => <th scope="col" key={hour}>{hour}</th>)}
          </tr>
        </thead>
        <tbody>
          {weekdays().map((name, i) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {hours.map((hour) => {
                const value = found.get((i + 1) * 24 + hour) ?? 0;
                const step = value ? Math.max(1, Math.ceil((value / most) * 9)) : 0;
                return (
                  <td key={hour} class={`heat-${step}`} title={`${name} ${hour}:00 – ${t("calls.n", { n: value })}`}>
                    <span>{value ? number(value) : ""}</span>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export interface Bar { name: string; parts: { value: number; colour: string; label: string }[]; shown: string; href?: string }

/** Draw one bar for each name, made of parts. */
export function Bars({ bars, label }: { bars: Bar[]; label: string }): JSX.Element {
  const most = Math.max(1e-9, ...bars.map((bar) => bar.parts.reduce((sum, part) => sum + part.value, 0)));
  const legend = bars[0]?.parts.length && bars[0].parts.length > 1 ? bars[0].parts : [];
  return (
    <>
      {legend.length > 0 && (
        <div class="legend">
          {legend.map((part) => <span class="key" key={part.label}><i class={`swatch ${part.colour}`} aria-hidden="true" />{part.label}</span>)}
        </div>
      )}
      <ul class="bars" aria-label={label}>
        {bars.map((bar) => (
          <li key={bar.name}>
            <span class="bar-name">{bar.href ? <a href={bar.href}>{bar.name}</a> : bar.name}</span>
            <span class="bar-track" aria-hidden="true">
              {bar.parts.filter((part) => part.value > 0).map((part) => (
                <span key={part.label} class={`bar-part ${part.colour}`} title={part.label} style={{ width: `${(part.value / most) * 100}%` }} />
              ))}
            </span>
            <span class="bar-value">{bar.shown}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
