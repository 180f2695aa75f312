// The parameters that only one report has, such as the seconds of its service level.

import type { JSX } from "preact";
import { ownParameters, type Parameter, type Report, titled } from "../report_source";
import { address, type Filters, go } from "../route";

const MODES: Record<string, "numeric" | "decimal"> = { integer: "numeric", number: "decimal" };

export function Parameters({ report, filters }: { report: Report; filters: Filters }): JSX.Element | null {
  const own = ownParameters(report);
  if (!own.length) return null;
  const change = (name: string, value: string): void => go(address("reports", report.name, { ...filters, [name]: value }), true);
  return <div class="filters own">{own.map((each) => <Field key={each.name} parameter={each} value={filters[each.name] ?? ""} change={(value) => change(each.name, value)} />)}</div>;
}

interface Props { parameter: Parameter; value: string; change: (value: string) => void }

function Field({ parameter, value, change }: Props): JSX.Element {
  const shown = parameter.default === null ? "" : String(parameter.default);
  return (
    <label class="field">
      <span>{titled(parameter.title) || parameter.name}</span>
      {parameter.type === "boolean" ? (
        <select name={parameter.name} value={value || shown} onChange={(event) => change(event.currentTarget.value)}>
          {["", "true", "false"].map((each) => <option key={each} value={each}>{each || "–"}</option>)}
        </select>
      ) : (
        <input type="text" inputMode={MODES[parameter.type] ?? "text"} name={parameter.name} value={value} placeholder={shown} onChange={(event) => change(event.currentTarget.value.trim())} />
      )}
    </label>
  );
}
