// Forms: fields with their labels, and a button that sends what they hold and says what was wrong with it.
import { ApiError } from "../api.js";
import { html, useMemo, useState } from "../lib.js";
import { Problem } from "./parts.js";

let fields = 0;

/** `onSend(values)` may throw an ApiError, which is told below the fields; `resets` empties them once it is through. */
export function Form({ label = null, send, danger = false, ready = true, resets = false, class: kind = "", onSend, children }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const onSubmit = async (event) => {
    event.preventDefault();
    if (busy) return;
    const form = event.currentTarget;
    setBusy(true);
    setProblem(null);
    try {
      await onSend(Object.fromEntries(new FormData(form)));
      if (resets) form.reset();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return html`<form class=${`form ${kind}`} aria-label=${label} onSubmit=${onSubmit}>
    ${children}
    <${Problem} error=${problem} />
    <footer><button type="submit" class=${danger ? "danger" : "primary"} disabled=${busy || !ready}>${send}</button></footer>
  </form>`;
}

/** A line of text; everything but `label` and `hint` is the input's own. */
export function Field({ label, hint = null, ...input }) {
  const id = useFieldId();
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input id=${id} aria-describedby=${hint && `${id}-hint`} ...${input} />
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
  </div>`;
}

/** One of several: `options` are `[value, text]` pairs. */
export function Choice({ label, options, value = options[0][0], ...select }) {
  const id = useFieldId();
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <select id=${id} ...${select}>
      ${options.map(([key, text]) => html`<option key=${key} value=${key} selected=${key === value}>${text}</option>`)}
    </select>
  </div>`;
}

/** A password that is being chosen: typed once, and shown on demand. */
export function NewPassword({ label = "New password" }) {
  const [shown, setShown] = useState(false);
  const hint = "At least 10 characters; a few words are easier to keep than odd signs.";
  return html`<${Field} ...${{ label, hint }} name="password" type=${shown ? "text" : "password"} autocomplete="new-password" minlength="10" maxlength="1000" required />
    <label class="check"><input type="checkbox" checked=${shown} onChange=${() => setShown(!shown)} />Show the password</label>`;
}

function useFieldId() {
  return useMemo(() => `field-${(fields += 1)}`, []);
}
