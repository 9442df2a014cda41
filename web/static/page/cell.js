// A cell as it is shown: nothing that is not there looks like a text, and nothing long fills the screen.

import { html } from "../lit-html/lit-html.js";
import { NUMBERS } from "./columns.js";

const LONGEST = 300; // characters; the whole stands with its row

export function cell(value, kind) {
  const number = NUMBERS.includes(kind) ? "number" : "";
  if (value === null || value === undefined) return html`<td class=${`missing ${number}`}>null</td>`;
  const text = String(value);
  if (number) return html`<td class="number">${text}</td>`;
  return html`<td><bdi>${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}</bdi></td>`;
}
