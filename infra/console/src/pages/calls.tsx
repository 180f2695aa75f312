// Calls: a searchable list, newest first, that goes on as long as there are calls.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { may } from "../access";
import { objects, query, type Value } from "../api";
import { listQuery, PAGE, type Place } from "../calls_queries";
import { Empty, Icon, Loading, State, Trouble } from "../parts/basics";
import { address, type Filters, go, type Route } from "../route";
import { clock, t, when } from "../words";
import { Call } from "./call";
import { FilterBar } from "./filter_bar";

type Row = Record<string, Value>;

export function Calls({ route }: { route: Route }): JSX.Element {
  if (route.rest) return <Call key={route.rest} id={route.rest} listens={route.filters["listen"] === "1"} />;
  return <List filters={route.filters} />;
}

function List({ filters }: { filters: Filters }): JSX.Element {
  const [rows, setRows] = useState<Row[] | null>(null);
  const [more, setMore] = useState(false);
  const [busy, setBusy] = useState(true);
  const [failure, setFailure] = useState<Error | null>(null);
  const load = (after: Place | null, signal?: AbortSignal): void => {
    setBusy(true);
    setFailure(null);
    query(listQuery(filters, after), signal ? { signal } : {}).then(
      (table) => {
        const found = objects(table);
        setMore(found.length > PAGE);
        setRows((before) => [...(after ? (before ?? []) : []), ...found.slice(0, PAGE)]);
        setBusy(false);
      },
      (reason: Error) => {
        if (signal?.aborted) return;
        setFailure(reason);
        setBusy(false);
      },
    );
  };
  const key = JSON.stringify(filters);
  useEffect(() => {
    const abort = new AbortController();
    load(null, abort.signal);
    return () => abort.abort();
  }, [key]);
  const last = rows?.at(-1);
  return (
    <section aria-busy={busy}>
      <h1>{t("tab.calls")}</h1>
      <FilterBar page="calls" filters={filters} days={7} more={<Outcomes filters={filters} />} />
      {failure && <Trouble failure={failure} retry={() => load(null)} />}
      {!rows && !failure && <Loading lines={8} />}
      {rows && !rows.length && !failure && <Empty>{t("calls.none")}</Empty>}
      {rows && rows.length > 0 && <CallTable rows={rows} />}
      {more && last && (
        <button type="button" class="wide-button" disabled={busy} onClick={() => load({ at: String(last["invitedt"]), id: String(last["inviteid"]) })}>
          {busy ? t("loading") : t("calls.more")}
        </button>
      )}
    </section>
  );
}

function Outcomes({ filters }: { filters: Filters }): JSX.Element {
  const choose = (name: string, options: string[], label: string, prefix: "state" | "direction"): JSX.Element => (
    <label class="field">
      <span>{label}</span>
      <select name={name} value={filters[name] ?? ""} onChange={(event) => go(address("calls", "", { ...filters, [name]: event.currentTarget.value }), true)}>
        <option value="">{t("any")}</option>
        {options.map((each) => <option key={each} value={each}>{t(`${prefix}.${each}` as "state.answered")}</option>)}
      </select>
    </label>
  );
  return (
    <>
      {choose("outcome", ["answered", "missed", "failed"], t("outcome"), "state")}
      {choose("direction", ["incoming", "outgoing", "internal"], t("direction"), "direction")}
    </>
  );
}

export function direction(row: Row): "incoming" | "outgoing" | "internal" {
  if (row["aouter"]) return "incoming";
  return row["bouter"] === false ? "internal" : "outgoing";
}

function CallTable({ rows }: { rows: Row[] }): JSX.Element {
  return (
    <div class="scroll" role="region" aria-label={t("tab.calls")} tabIndex={0}>
      <table class="calls">
        <caption class="hidden">{t("tab.calls")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("column.invitedt")}</th>
            <th scope="col">{t("outcome")}</th>
            <th scope="col">{t("caller")}</th>
            <th scope="col">{t("callee")}</th>
            <th scope="col" class="number">{t("waited")}</th>
            <th scope="col" class="number">{t("talked")}</th>
            <th scope="col">{t("recording")}</th>
          </tr>
        </thead>
        <tbody>{rows.map((row) => <CallRow key={`${row["inviteid"]}${row["outcome"]}`} row={row} />)}</tbody>
      </table>
    </div>
  );
}

function CallRow({ row }: { row: Row }): JSX.Element {
  const id = String(row["inviteid"]);
  const open = (event: MouseEvent): void => {
    if (!(event.target instanceof HTMLAnchorElement) && !getSelection()?.toString()) go(address("calls", id));
  };
  const way = direction(row);
  const seconds = (name: string): string => (row[name] == null ? "–" : clock(Number(row[name])));
  return (
    <tr class="linked" onClick={open}>
      <td><a href={address("calls", id)}>{when(String(row["invitedt"]))}</a></td>
      <td><State name={String(row["outcome"])} /></td>
      <td><span class="way" title={t(`direction.${way}`)}><Icon name={way} /></span><Party number={row["anumber"]} name={row["aname"]} /></td>
      <td><Party number={row["bnumber"]} name={row["bname"]} /></td>
      <td class="number">{seconds("waited")}</td>
      <td class="number">{seconds("duration")}</td>
      <td>{row["recorded"] && may("recordings") ? <a class="hear" href={address("calls", id, { listen: "1" })}><Icon name="play" filled />{t("player.listen")}</a> : null}</td>
    </tr>
  );
}

export function Party({ number, name }: { number: Value | undefined; name?: Value | undefined }): JSX.Element {
  const shown = name && name !== number ? String(name) : "";
  return (
    <span class="party">
      {shown && <span>{shown}</span>}
      <span class={shown ? "fine" : ""}>{number ? String(number) : t("unknown")}</span>
    </span>
  );
}
