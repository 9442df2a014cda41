// Loaded tables in short: all of them in a list, and one above its views.

import { html } from "../lit-html/lit-html.js";
import { inWords } from "./dates.js";
import { count } from "./paging.js";
import { address } from "./route.js";

export function tableList(tables) {
  if (tables.length === 0) {
    return html`<p class="empty">There are no tables for you. What is loaded with --share, everybody sees here.</p>`;
  }
  return html`<div class="sheet" role="region" aria-label="Tables" tabindex="0">
    <table>
      <thead><tr>
        <th scope="col">Table</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Columns</th>
        <th scope="col" class="number">Rejected</th><th scope="col">Source</th><th scope="col">Loaded</th>
      </tr></thead>
      <tbody>${tables.map(line)}</tbody>
    </table>
  </div>`;
}

function line({ name, rows, columns, rejected, source, loaded_at, shared }) {
  return html`<tr>
    <th scope="row"><a href=${address(["data", name])}><bdi>${name}</bdi></a>
      ${shared ? "" : html` <span class="badge">for admins</span>`}</th>
    <td class="number">${count(rows)}</td>
    <td class="number">${count(columns)}</td>
    <td class="number">${rejected ? html`<a href=${address(["data", name, "rejects"])}>${count(rejected)}</a>` : 0}</td>
    <td><bdi>${source}</bdi></td>
    <td>${when(loaded_at)}</td>
  </tr>`;
}

export function table({ rows, columns, source, loaded_at }) {
  return html`<p class="quiet-line">${count(rows)} rows, ${count(columns)} columns, from <bdi>${source}</bdi>, loaded
    ${when(loaded_at)}</p>`;
}

function when(instant) {
  return html`<time datetime=${instant}>${inWords(instant)}</time>`;
}
