// The SQL editor, loaded only with its tab. In a shadow root its styles are constructed sheets, which a strict policy allows.

import { autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { PostgreSQL, sql, type SQLNamespace } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export interface Editor {
  text: () => string;
  set: (text: string) => void;
  focus: () => void;
  schema: (tables: SQLNamespace) => void;
  /** Mark the place of an error, or clear the mark; lines and columns count from 1. */
  mark: (place: { line: number; column: number; message: string } | null) => void;
  destroy: () => void;
}

const THEME = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--surface)", fontSize: "0.9rem", maxHeight: "50vh" },
  ".cm-content": { fontFamily: "var(--mono)", caretColor: "var(--accent)", minHeight: "9rem", padding: "0.75rem 0" },
  ".cm-scroller": { lineHeight: "1.55", overflow: "auto" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", border: "none" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-1px" },
  ".cm-activeLine": { backgroundColor: "var(--soft)" },
  ".cm-cursor": { borderLeftColor: "var(--accent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--selected)" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", color: "var(--text)", border: "1px solid var(--line)", borderRadius: "8px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--missed)", textUnderlineOffset: "3px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--missed)" },
  ".cm-placeholder": { color: "var(--muted)" },
});

const COLOURS = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--string)" },
  { tag: tags.number, color: "var(--missed)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: [tags.typeName, tags.standard(tags.name)], color: "var(--answered)" },
]);

/** Put an editor into `host`; `run` is called on Ctrl+Enter, `changed` after each change of the text. */
export function editor(host: HTMLElement, text: string, label: string, run: () => void, changed: () => void): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const language = new Compartment();
  const dialect = (schema: SQLNamespace): ReturnType<typeof sql> => sql({ dialect: PostgreSQL, schema, upperCaseKeywords: false });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), history(), drawSelection(), highlightActiveLine(), bracketMatching(), closeBrackets(), autocompletion(),
        language.of(dialect({})), syntaxHighlighting(COLOURS), THEME, placeholder("select …"), EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
        // Tab moves the focus on, as everywhere on the page.
        keymap.of([{ key: "Mod-Enter", run: () => (run(), true) }, ...completionKeymap, ...defaultKeymap, ...historyKeymap]),
        EditorView.updateListener.of((update) => update.docChanged && changed()),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    set: (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } }),
    focus: () => view.focus(),
    schema: (tables) => view.dispatch({ effects: language.reconfigure(dialect(tables)) }),
    mark: (place) => view.dispatch(setDiagnostics(view.state, place ? [diagnostic(view, place)] : [])),
    destroy: () => view.destroy(),
  };
}

function diagnostic(view: EditorView, place: { line: number; column: number; message: string }): Diagnostic {
  const line = view.state.doc.line(Math.max(1, Math.min(place.line, view.state.doc.lines)));
  const from = Math.min(line.from + place.column - 1, line.to);
  const to = view.state.wordAt(from)?.to ?? Math.min(from + 1, view.state.doc.length);
  return { from: Math.min(from, to), to, severity: "error", message: place.message };
}
