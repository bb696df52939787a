// What the program printed, as a terminal would show it: live at its end, earlier lines on demand.
import { textOf } from "../console-text.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef } from "../lib.js";
import { whileVisible } from "../live.js";
import { openConsole } from "../state/console.js";
import { Copy, Empty, Problem, Snippet } from "./parts.js";

const ASK_EVERY = 2000;
const NEAR_THE_END = 40;

export function Console({ store }) {
  const console = useMemo(() => openConsole(store.id), [store.id]);
  const { status } = store.experiment.value;
  useEffect(() => console.close, [console]);
  useEffect(() => {
    console.refresh();
    return status === "running" || status === "lost" ? whileVisible(console.refresh, ASK_EVERY) : undefined;
  }, [console, status]);
  const blocks = console.blocks.value;
  return html`<section class="console" aria-label="Console">
    <${Problem} error=${console.error.value} announced=${false} />
    ${blocks !== null && (blocks.length === 0 ? html`<${Nothing} />` : html`<${Lines} console=${console} blocks=${blocks} />`)}
  </section>`;
}

function Lines({ console, blocks }) {
  const place = useRef(null);
  const follows = useRef(true);
  useLayoutEffect(() => {
    if (follows.current) place.current.scrollTop = place.current.scrollHeight;
  }, [blocks]);
  const onScroll = ({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
    follows.current = scrollHeight - scrollTop - clientHeight < NEAR_THE_END;
  };
  return html`<header>
      <span class="muted">Lines of the error stream have a bar.</span>
      <${Copy} text=${() => textOf(blocks)} label="Copy what is shown" name="Copy" />
    </header>
    <div class="printed" ref=${place} onScroll=${onScroll} tabindex="0" role="region" aria-label="Printed lines">
      ${console.hasEarlier.value && html`<button type="button" class="quiet" onClick=${() => console.earlier()}>Show earlier lines</button>`}
      ${blocks.map((block) => html`<${Block} key=${block.key} block=${block} />`)}
    </div>`;
}

function Block({ block }) {
  return useMemo(
    () => html`<div class="block">
      ${block.pieces.map(({ stream, text }, index) => html`<div key=${index} class="piece" data-stream=${stream}>${text}</div>`)}
    </div>`,
    [block],
  );
}

function Nothing() {
  return html`<${Empty} title="Nothing was recorded">
    <p>What the program prints is recorded when it asks for that, or with <code>TORA_CONSOLE=on</code>:</p>
    <${Snippet} code=${'tora.setup("my-experiment", console=True)'} label="How to record the console" />
  <//>`;
}
