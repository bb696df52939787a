// The page's frame: which view stands under the bar.
import { KeyHelp } from "./components/key-help.js";
import { Toasts } from "./components/toasts.js";
import { Topbar } from "./components/topbar.js";
import { startKeyboard } from "./keyboard.js";
import { html, render, useEffect } from "./lib.js";
import { route, startRouter } from "./router.js";
import { enter } from "./state/entry.js";
import { Compare } from "./views/compare.js";
import { Experiment } from "./views/experiment.js";
import { Experiments, Mine, Workspace } from "./views/experiments.js";
import { Join } from "./views/join.js";
import { Login } from "./views/login.js";
import { NotFound } from "./views/not-found.js";
import { Settings } from "./views/settings.js";
import { Shared } from "./views/shared.js";
import { Welcome } from "./views/welcome.js";
import { WorkspaceSettings } from "./views/workspace-settings.js";

const VIEWS = {
  experiments: [Experiments, "Experiments · Tora"],
  experiment: [Experiment, "Tora"],
  mine: [Mine, "My experiments · Tora"],
  workspace: [Workspace, "Workspace · Tora"],
  "workspace-settings": [WorkspaceSettings, "Workspace settings · Tora"],
  compare: [Compare, "Compare · Tora"],
  settings: [Settings, "Settings · Tora"],
  login: [Login, "Sign in · Tora"],
  welcome: [Welcome, "Welcome · Tora"],
  join: [Join, "Invitation · Tora"],
  shared: [Shared, "Shared with you · Tora"],
};

function App() {
  const { view, id } = route.value;
  const [View, title] = VIEWS[view] ?? [NotFound, "No such page · Tora"];
  useEffect(() => {
    document.title = title;
  }, [view, id]);
  // The key lets no state of one experiment show on another's page.
  return html`<${Topbar} /><main id="main" tabindex="-1"><${View} key=${`${view}/${id}`} id=${id} /></main><${Toasts} /><${KeyHelp} />`;
}

enter(() => {
  startRouter();
  startKeyboard();
  render(html`<${App} />`, document.body);
});
