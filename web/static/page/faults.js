// What is wrong with a form: with a field beside the field, anything else in a line of its own.

import { html, nothing } from "../lit-html/lit-html.js";

export function faultsOf(refusal, name) {
  const sentences = Object.entries(refusal?.faults ?? {}).filter(
    ([field]) => field === name || field.startsWith(`${name}[`),
  );
  if (sentences.length === 0) return nothing;
  return html`<small class="fault" id="fault-${name}">${sentences.flatMap(([, each]) => each).join(" ")}</small>`;
}

export function marks(refusal, name) {
  return faultsOf(refusal, name) === nothing ? nothing : "true";
}

export function general(refusal) {
  if (!refusal || Object.keys(refusal.faults ?? {}).length > 0) return nothing;
  return html`<p class="fault wide" role="alert">${refusal.message}</p>`;
}
