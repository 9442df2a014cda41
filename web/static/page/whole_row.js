// One row with all that stands in it, over the table that it is from.

import { html, nothing } from "../lit-html/lit-html.js";
import { redraw } from "./screen.js";

let shown = null;

export function showRow(row) {
  shown = row;
  redraw();
  document.querySelector("dialog").showModal();
}

export function wholeRow(columns) {
  return html`<dialog aria-label="The whole row" @close=${hide} @click=${closeOutside}>
    <article>
      <form method="dialog"><button class="quiet" aria-label="Close">✕</button></form>
      ${shown ? html`<dl>${columns.map(({ name }) => field(name, shown[name]))}</dl>` : nothing}
    </article>
  </dialog>`;
}

function field(name, value) {
  const missing = value === null || value === undefined;
  return html`<div><dt><bdi>${name}</bdi></dt><dd dir="auto" class=${missing ? "missing" : nothing}>${missing ? "null" : String(value)}</dd></div>`;
}

function hide() {
  shown = null;
  redraw();
}

function closeOutside(event) {
  if (event.target === event.currentTarget) event.currentTarget.close();
}
