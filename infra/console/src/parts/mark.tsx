// The mark of Ringledger: a line of a ledger that rings.

import type { JSX } from "preact";

export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect class="mark-ground" width="32" height="32" rx="8" />
      <path class="mark-lines" d="M8 10h9M8 16h6M8 22h9" />
      <path class="mark-waves" d="M19.5 12.5a5 5 0 0 1 0 7M22.8 9.2a9.6 9.6 0 0 1 0 13.6" />
    </svg>
  );
}
