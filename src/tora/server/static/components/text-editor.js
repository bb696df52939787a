// A dialog in which a text of an experiment is written: Markdown on one side, what becomes of it on the other.
import { standing } from "../draft.js";
import { html, useLayoutEffect, useRef, useState } from "../lib.js";
import { draftOf, keepDraft } from "../state/drafts.js";
import { Dialog } from "./dialog.js";
import { MarkdownText } from "./markdown-text.js";
import { Problem } from "./parts.js";

/** `field` is "notes" or "description". What is not saved when the dialog closes is kept as a draft. */
export function TextEditor({ store, field, title, onClose }) {
  const current = store.experiment.value[field] ?? "";
  const kept = draftOf(store.id, field) ?? { text: current, base: current };
  const [saving, setSaving] = useState(false);
  const [problem, setProblem] = useState(null);
  const area = useRef(null);
  useLayoutEffect(() => {
    area.current.focus();
    area.current.setSelectionRange(kept.text.length, kept.text.length);
  }, []);

  const keep = (text, base = kept.base) => keepDraft(store.id, field, text === base ? null : { text, base });
  const end = () => {
    keepDraft(store.id, field, null);
    onClose();
  };
  const save = async () => {
    setSaving(true);
    setProblem(null);
    try {
      if (await saved(store, field, kept)) end();
    } catch (error) {
      setProblem(error);
    } finally {
      setSaving(false);
    }
  };
  const onKeyDown = (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    save();
  };

  const changed = standing({ draft: kept.text, base: kept.base, current }) === "changed";
  return html`<${Dialog} title=${title} class="text-editor" onClose=${onClose}>
    ${changed && html`<${Changed} current=${current} onTake=${() => keep(current, current)} onKeep=${() => keep(kept.text, current)} />`}
    <div class="sides">
      <textarea
        ref=${area}
        aria-label=${`${title} in Markdown`}
        dir="auto"
        value=${kept.text}
        onInput=${(event) => keep(event.currentTarget.value)}
        onKeyDown=${onKeyDown}
      ></textarea>
      <section class="preview" tabindex="0" aria-label="Preview">
        ${kept.text.trim() ? html`<${MarkdownText} text=${kept.text} />` : html`<p class="muted">Nothing to preview yet.</p>`}
      </section>
    </div>
    <${Problem} error=${problem} />
    <footer>
      <span class="muted">Markdown. Ctrl + Enter saves; what is not saved stays here as a draft.</span>
      <button type="button" class="quiet" onClick=${end}>Discard</button>
      <button type="button" class="primary" disabled=${saving || changed} onClick=${save}>Save</button>
    </footer>
  <//>`;
}

/** Save a draft unless somebody else has changed the text meanwhile; returns whether it is stored. */
async function saved(store, field, { text, base }) {
  await store.ask();
  const stand = standing({ draft: text, base, current: store.experiment.value[field] ?? "" });
  if (stand === "free") await store.change({ [field]: text });
  return stand !== "changed";
}

function Changed({ current, onTake, onKeep }) {
  return html`<div class="problem changed" role="alert">
    <p>Somebody changed this text since you began. Nothing is saved until you choose.</p>
    <details>
      <summary>What it says now</summary>
      <pre tabindex="0"><bdi>${current || "(nothing)"}</bdi></pre>
    </details>
    <p>
      <button type="button" onClick=${onKeep}>Go on with mine</button>
      <button type="button" onClick=${onTake}>Take theirs</button>
    </p>
  </div>`;
}
