// Where the reader is: among all experiments, their own, or those of a workspace; the way from one to the other.
import { createWorkspace } from "../account-api.js";
import { html, useEffect, useState } from "../lib.js";
import { navigate, route } from "../router.js";
import { isLocal, user } from "../state/session.js";
import { loadWorkspaces, workspaces } from "../state/workspaces.js";
import { Dialog } from "./dialog.js";
import { Field, Form } from "./form.js";
import { Menu } from "./menu.js";

export function WorkspaceSwitcher() {
  const [making, setMaking] = useState(false);
  const somebody = user.value?.id;
  useEffect(() => void loadWorkspaces(), [somebody]);
  if (!somebody || workspaces.value === null) return null;
  const places = placesOf(route.value);
  const here = places.find(({ current }) => current) ?? { text: "Workspaces" };
  const make = { text: "New workspace…", run: () => setMaking(true), apart: true };
  return html`<${Menu} label="Workspace" class="switcher" text=${here.text} items=${[...places, make]} />
    ${making && html`<${NewWorkspace} onClose=${() => setMaking(false)} />`}`;
}

function placesOf({ view, id }) {
  const inWorkspace = view === "workspace" || view === "workspace-settings";
  return [
    { text: "All experiments", href: "/", current: view === "experiments" },
    ...(isLocal.value ? [] : [{ text: "My own experiments", href: "/mine", current: view === "mine" }]),
    ...workspaces.value.map((one, place) => ({
      text: one.name,
      href: `/w/${encodeURIComponent(one.id)}`,
      current: inWorkspace && one.id === id,
      apart: place === 0,
    })),
  ];
}

function NewWorkspace({ onClose }) {
  const make = async ({ name, description }) => {
    const made = await createWorkspace({ name, description });
    await loadWorkspaces();
    onClose();
    navigate(`/w/${encodeURIComponent(made.id)}/settings`);
  };
  return html`<${Dialog} title="New workspace" onClose=${onClose}>
    <${Form} label="New workspace" send="Create" onSend=${make}>
      <${Field} label="Name" name="name" autofocus required maxlength="255" autocomplete="off" dir="auto" />
      <${Field} label="Description" name="description" autocomplete="off" dir="auto" hint="Who works on what here; it can be empty." />
    <//>
  <//>`;
}
