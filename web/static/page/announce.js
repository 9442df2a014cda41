// The line that says what has just been done or could not be, and offers the way back. Screen readers read it out.

import { html, nothing } from "../lit-html/lit-html.js";
import { redraw } from "./screen.js";

let said = null;

export function say(text, action = null) {
  said = { text, action, urgent: false };
  redraw();
}

export function complain(error) {
  said = { text: error.message, action: null, urgent: true };
  redraw();
}

export function silence() {
  said = null;
  redraw();
}

export function announcement() {
  return html`
    <div class="announcement" role="status" ?data-said=${said && !said.urgent}>${said && !said.urgent ? line() : nothing}</div>
    <div class="announcement" role="alert" ?data-said=${said?.urgent}>${said?.urgent ? line() : nothing}</div>
  `;
}

function line() {
  const { text, action } = said;
  return html`
    <bdi>${text}</bdi>
    ${action ? html`<button type="button" id="undo" @click=${action.run}>${action.label}</button>` : nothing}
    <button type="button" class="quiet" aria-label="Close this message" @click=${silence}>✕</button>
  `;
}
