// How a table came to be: the account of its load, what was decided of each column and why, and what else was noted.

import { html, nothing } from "../lit-html/lit-html.js";
import { count } from "./paging.js";

const SIGNS = {
  "\t": "tab",
  " ": "blank",
  "\n": "LF",
  "\r\n": "CRLF",
  "\r": "CR",
  "": "none",
  true: "yes",
  false: "no",
};

export function aboutView({ account, dialect, notes, decisions, schema, indexes }) {
  return html`
    <h2>Account</h2>
    <dl class="facts">
      ${fact("Rows read", count(account.rows_read))} ${fact("Rows loaded", count(account.rows_loaded))}
      ${fact("Rows rejected", count(account.rows_rejected))} ${fact("Cells blanked", count(account.cells_blanked))}
      ${fact("Seconds", count(account.seconds))} ${fact("Key", [schema.primaryKey].flat().join(", "))}
      ${indexes.length ? fact("Indexes", indexes.map((columns) => columns.join(", ")).join("; ")) : nothing}
    </dl>
    ${notes.length ? html`<h2>Notes</h2><ul>${notes.map((note) => html`<li><bdi>${note}</bdi></li>`)}</ul>` : nothing}
    <h2>Dialect</h2>
    <dl class="facts">${Object.entries(dialect ?? {}).map(([name, value]) => fact(name, SIGNS[value] ?? String(value)))}</dl>
    <h2>Columns</h2>
    <div class="sheet" role="region" aria-label="Columns" tabindex="0">
      <table>
        <thead><tr><th scope="col">Column</th><th scope="col">In the file</th><th scope="col">Type</th><th scope="col">Why</th></tr></thead>
        <tbody>${decisions.map(decision)}</tbody>
      </table>
    </div>`;
}

function fact(name, value) {
  return html`<div><dt>${name}</dt><dd><bdi>${value}</bdi></dd></div>`;
}

function decision({ column, original, type, reason }) {
  return html`<tr>
    <th scope="row"><bdi>${column}</bdi></th><td><bdi>${original}</bdi></td><td>${type}</td>
    <td class="wrapped"><bdi>${reason}</bdi></td>
  </tr>`;
}
