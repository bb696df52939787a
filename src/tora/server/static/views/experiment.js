// One experiment: what it is, a live chart for each metric, its results, and who writes to it.
import { ExperimentHead } from "../components/experiment-head.js";
import { ExperimentMetrics } from "../components/experiment-metrics.js";
import { Hyperparams } from "../components/hyperparams.js";
import { prepareMarkdown } from "../components/markdown-text.js";
import { Notes } from "../components/notes.js";
import { Empty, Problem } from "../components/parts.js";
import { html, useEffect, useMemo } from "../lib.js";
import { whileVisible } from "../live.js";
import { openExperiment } from "../state/experiment.js";

const WRITERS_EVERY = 5000;

export function Experiment({ id }) {
  const store = useMemo(() => openExperiment(id), [id]);
  useEffect(() => store.close, [store]);
  useEffect(() => void prepareMarkdown(), []);

  const experiment = store.experiment.value;
  const error = store.error.value;
  useEffect(() => {
    document.title = experiment ? `${experiment.name} · Tora` : "Tora";
  }, [experiment?.name]);
  useWriters(store, experiment?.status);

  if (error?.status === 404) return html`<${Unknown} id=${id} />`;
  return html`<${Problem} error=${error} />
    ${experiment && store.metrics.value && html`<${Page} store=${store} hyperparams=${experiment.hyperparams} />`}`;
}

function Page({ store, hyperparams }) {
  return html`<${ExperimentHead} store=${store} />
    <div class="columns">
      <aside aria-label="About the experiment">
        <${Notes} store=${store} />
        ${useMemo(() => html`<${Hyperparams} hyperparams=${hyperparams} />`, [JSON.stringify(hyperparams)])}
      </aside>
      <${ExperimentMetrics} store=${store} />
    </div>`;
}

/** Who has ended gives no more signs of life: those of a running one are asked for again and again. */
function useWriters(store, status) {
  const isAlive = status === "running" || status === "lost";
  useEffect(() => {
    if (status && !isAlive) store.loadWriters();
    return isAlive ? whileVisible(store.loadWriters, WRITERS_EVERY) : undefined;
  }, [store, status]);
}

function Unknown({ id }) {
  return html`<${Empty} title="No such experiment">
    <p>This server has no experiment with the id <span class="id">${id}</span>.</p>
    <p>It may have been deleted, or it was logged to another server.</p>
    <p><a href="/">See the experiments that are here</a></p>
  <//>`;
}
