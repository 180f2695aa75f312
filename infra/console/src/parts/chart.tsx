// Charts over time by uPlot: bars and lines in the colours of the page.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { language, number, siteZone, when } from "../words";

export interface Series { label: string; colour: string; values: (number | null)[]; kind?: "bars" | "line"; dash?: boolean; fill?: boolean }
interface Props {
  times: number[]; series: Series[]; label: string; stacked?: boolean; unit?: (value: number) => string; max?: number; height?: number; zone?: string;
  /** The times are hours of a day of no meaning. */
  ofDay?: boolean;
}

/** Draw series over `times`, in seconds. A screen reader gets the label; each chart has its table beside it. */
export function Chart(props: Props): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const shown = JSON.stringify([props.times, props.series, language(), zoneOf(props)]);
  useEffect(() => {
    const element = host.current!;
    let plot = draw(element, props);
    const redraw = (): void => {
      plot.destroy();
      plot = draw(element, props);
    };
    const resized = new ResizeObserver(() => plot.setSize(size(element, props)));
    resized.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", redraw);
    window.addEventListener("theme", redraw);
    return () => {
      resized.disconnect();
      scheme.removeEventListener("change", redraw);
      window.removeEventListener("theme", redraw);
      plot.destroy();
    };
  }, [shown]);
  return (
    <figure class="chart">
      <figcaption class="legend">
        {props.series.map((each) => (
          <span key={each.label} class={`key ${each.kind === "line" ? "as-line" : ""} ${each.dash ? "dash" : ""}`}>
            <i class={`swatch ${each.colour}`} aria-hidden="true" />{each.label}
          </span>
        ))}
      </figcaption>
      <div ref={host} class="plot" role="img" aria-label={props.label} />
    </figure>
  );
}

const zoneOf = (props: Props): string => props.zone ?? siteZone();

function size(element: HTMLElement, props: Props): { width: number; height: number } {
  return { width: Math.max(200, element.clientWidth), height: props.height ?? 220 };
}

/** Return the colour that a class of the style sheet has now; canvases know no custom properties. */
function colour(element: HTMLElement, name: string): string {
  const probe = document.createElement("i");
  probe.className = `swatch ${name}`;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function draw(element: HTMLElement, props: Props): uPlot {
  const text = colour(element, "muted");
  const line = colour(element, "line");
  const stacked = props.stacked ? sums(props.series) : props.series.map((each) => each.values);
  const order = props.stacked ? [...props.series.keys()].reverse() : [...props.series.keys()];
  const step = props.times.length > 1 ? props.times[1]! - props.times[0]! : 86_400;
  const zoned = (seconds: number): Date => new Date(seconds * 1000);
  const axis: uPlot.Axis = { stroke: text, grid: { show: false }, ticks: { show: false }, font: FONT, gap: 6 };
  const options: uPlot.Options = {
    ...size(element, props),
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
    tzDate: (seconds) => uPlot.tzDate(zoned(seconds), zoneOf(props)),
    scales: { x: { time: true, range: (_, low, high) => [low - step / 2, high + step / 2] }, y: { range: (_, __, high) => [0, props.max ?? (high || 1) * 1.08] } },
    axes: [
      { ...axis, size: 30, space: 64, values: (_, ticks) => ticks.map((at) => when(zoned(at), ticks.length > 1 && ticks[1]! - ticks[0]! < 80_000 ? "hour" : "day", zoneOf(props))) },
      { ...axis, size: 52, grid: { show: true, stroke: line, width: 1 }, values: (_, ticks) => ticks.map((each) => (props.unit ?? number)(each)) },
    ],
    series: [
      {},
      ...order.map((at) => painted(props.series[at]!, colour(element, props.series[at]!.colour))),
    ],
    hooks: { setCursor: [(plot) => point(plot, element, props)] },
  };
  return new uPlot(options, [props.times, ...order.map((at) => stacked[at]!)], element);
}

const FONT = "12px system-ui, sans-serif";

function painted(series: Series, paint: string): uPlot.Series {
  if (series.kind === "line") {
    return { stroke: paint, width: 2, points: { show: false }, spanGaps: true, ...(series.dash ? { dash: [6, 5] } : {}), ...(series.fill ? { fill: paint.replace("rgb(", "rgba(").replace(")", ", 0.12)") } : {}) };
  }
  return { stroke: paint, fill: paint, width: 0, points: { show: false }, paths: uPlot.paths.bars!({ size: [0.72, 28], radius: [0.18, 0] }) };
}

function sums(series: Series[]): number[][] {
  const total = series[0]!.values.map(() => 0);
  return series.map((each) => each.values.map((value, i) => (total[i] = total[i]! + (value ?? 0))));
}

/** Show the values at the pointer in a small box that follows it. */
function point(plot: uPlot, element: HTMLElement, props: Props): void {
  let tip = element.querySelector<HTMLElement>(".tip");
  const at = plot.cursor.idx;
  if (at == null || (plot.cursor.left ?? -1) < 0) return void tip?.remove();
  if (!tip) element.append((tip = Object.assign(document.createElement("div"), { className: "tip" })));
  const step = props.times.length > 1 ? props.times[1]! - props.times[0]! : 86_400;
  const title = document.createElement("b");
  title.textContent = when(new Date(props.times[at]! * 1000), props.ofDay ? "hour" : step < 80_000 ? "short" : "weekday", zoneOf(props));
  const lines = props.series.map((each) => {
    const row = document.createElement("span");
    const swatch = Object.assign(document.createElement("i"), { className: `swatch ${each.colour}` });
    const value = each.values[at];
    row.append(swatch, `${each.label}: ${value == null ? "–" : (props.unit ?? number)(value)}`);
    return row;
  });
  tip.replaceChildren(title, ...lines);
  const left = (plot.cursor.left ?? 0) + 52;
  tip.style.left = `${Math.max(0, Math.min(left + 12, element.clientWidth - tip.offsetWidth - 4))}px`;
}
