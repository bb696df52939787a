// A workspace's name, description and id; its owners change the first two.
import { changeWorkspace } from "../account-api.js";
import { html } from "../lib.js";
import { say } from "../state/toasts.js";
import { Field, Form } from "./form.js";
import { Copy } from "./parts.js";

export function WorkspaceGeneral({ workspace, canManage, changed }) {
  const { id, name, description } = workspace;
  const save = async (values) => {
    await changeWorkspace(id, { name: values.name, description: values.description });
    await changed();
    say("Saved.");
  };
  return html`<section class="panel" aria-label="About the workspace">
    <dl class="facts"><div><dt>Id</dt><dd><span class="id">${id}</span><${Copy} text=${id} label="Copy the workspace's id" /></dd></div></dl>
    ${canManage
      ? html`<${Form} label="About the workspace" send="Save" onSend=${save}>
          <${Field} label="Name" name="name" defaultValue=${name} required maxlength="255" autocomplete="off" dir="auto" />
          <${Field} label="Description" name="description" defaultValue=${description ?? ""} autocomplete="off" dir="auto" />
        <//>`
      : html`<p class="described"><bdi>${description}</bdi></p>`}
  </section>`;
}
