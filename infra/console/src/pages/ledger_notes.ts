// What the ledger notes about a row, in the reader's language; a note that is not known here stays as it is.

import { type Key, t, word } from "../words";

/** The form of a note, and its message; `who` and `reason` are parts of the note. */
const NOTES: [form: RegExp, message: Key][] = [
  [/^answered: answer event$/, "note.answer"],
  [/^answered: talk event of (?<who>.+)$/, "note.talk"],
  [/^answered: its hangup says so, no answer event came$/, "note.byStatus"],
  [/^answered: (?<who>\S+) says Bridged=yes;/, "note.bridged"],
  [/^missed: (?<who>\S+) says Bridged=no$/, "note.notBridged"],
  [/^missed: hung up by the phone that was called directly$/, "note.direct"],
  [/^not answered: (?<reason>.+)$/, "note.notAnswered"],
  [/^closed: no hangup came/i, "note.closed"],
  [/^one row for both ends of an internal conversation$/, "note.bothEnds"],
  [/^order: an API placed the call/, "note.order"],
];

export function noted(note: string): string {
  for (const [form, message] of NOTES) {
    const found = form.exec(note);
    if (found) return t(message, { who: found.groups?.["who"] ?? "", reason: word("reason", found.groups?.["reason"] ?? "") });
  }
  return note;
}
