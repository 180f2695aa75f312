// Saving a query as a report, for tokens that may.

import type { JSX } from "preact";

export function SaveReport(_: { psql: string }): JSX.Element | null {
  return null;
}
