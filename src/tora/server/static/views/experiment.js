// One experiment: what it is, and a live chart for each metric.
import { Hyperparams } from "../components/hyperparams.js";
import { MetricGroups } from "../components/metric-groups.js";
import { Copy, Empty, Problem, Snippet, Status, Tags, When } from "../components/parts.js";
import { duration } from "../format.js";
import { html, useEffect, useMemo } from "../lib.js";
import { now } from "../state/clock.js";
import { openExperiment } from "../state/experiment.js";

export function Experiment({ id }) {
  const store = useMemo(() => openExperiment(id), [id]);
  useEffect(() => store.close, [store]);

  const experiment = store.experiment.value;
  const error = store.error.value;
  useEffect(() => {
    document.title = experiment ? `${experiment.name} · Tora` : "Tora";
  }, [experiment?.name]);

  if (error?.status === 404) return html`<${Unknown} id=${id} />`;
  return html`<${Problem} error=${error} />
    ${experiment && html`<${Page} store=${store} experiment=${experiment} />`}`;
}

function Page({ store, experiment }) {
  return html`<${Head} experiment=${experiment} liveState=${store.liveState.value?.value} />
    <div class="columns">
      <aside><${Hyperparams} hyperparams=${experiment.hyperparams} /></aside>
      <${Charts} store=${store} />
    </div>`;
}

function Head({ experiment, liveState }) {
  const { id, name, status, tags, description, createdAt, workspaceId } = experiment;
  return html`<header class="experiment-head">
    <p class="trail"><a href="/">Experiments</a></p>
    <div class="title">
      <h1><bdi>${name}</bdi></h1>
      <${Status} status=${status} />
      <${Tags} tags=${tags} />
    </div>
    <dl class="facts">
      <div><dt>Created</dt><dd><${When} instant=${createdAt} /></dd></div>
      <${Lasted} experiment=${experiment} />
      <div><dt>Id</dt><dd><span class="id" title=${id}>${id}</span><${Copy} text=${id} label="Copy the experiment's id" /></dd></div>
      ${workspaceId && html`<div><dt>Workspace</dt><dd><a class="id" href=${`/w/${workspaceId}`}>${workspaceId}</a></dd></div>`}
      <${Connection} state=${liveState} status=${status} />
    </dl>
    ${description && html`<p class="description"><bdi>${description}</bdi></p>`}
  </header>`;
}

function Lasted({ experiment: { createdAt, updatedAt, status } }) {
  const end = status === "running" ? now.value : Date.parse(updatedAt);
  const span = duration(end - Date.parse(createdAt));
  return html`<div><dt>${status === "running" ? "Running for" : "Ran for"}</dt><dd>${span}</dd></div>`;
}

/** Says when the page is not kept current as quickly as it could be. */
function Connection({ state, status }) {
  if (state !== "polling" || status !== "running") return null;
  return html`<div><dt>Updates</dt><dd>every few seconds; the live stream is interrupted</dd></div>`;
}

function Charts({ store }) {
  const metrics = store.metrics.value;
  if (metrics.length > 0) return html`<${MetricGroups} metrics=${metrics} series=${store.series} experiment=${store.id} />`;
  return html`<section class="metrics" aria-label="Metrics">
    <${Empty} title="No metrics yet">
      <p>Charts appear here by themselves as soon as the experiment logs:</p>
      <${Snippet} code=${'tora.tlog("loss", 0.25, step=1)'} label="How to log a metric" />
    <//>
  </section>`;
}

function Unknown({ id }) {
  return html`<${Empty} title="No such experiment">
    <p>This server has no experiment with the id <span class="id">${id}</span>.</p>
    <p>It may have been deleted, or it was logged to another server.</p>
    <p><a href="/">See the experiments that are here</a></p>
  <//>`;
}
