// What the load of a table refused: rows, and single cells, each with its line, its text and the reason.

import { html, nothing } from "../lit-html/lit-html.js";
import { condition, Fetched } from "./fetched.js";
import { pager, whole } from "./paging.js";
import { here } from "./route.js";

const PER_PAGE = 100;
const rejects = new Fetched();

export function openRejects({ load }) {
  const path = `loads/${load}/rejects`;
  if (!rejects.path?.startsWith(`${path}?`)) rejects.forget();
  return rejects.ask(`${path}?page=${whole(here().query.get("page"), 1)}&per_page=${PER_PAGE}`);
}

export function rejectsView({ load }) {
  return html`${condition(rejects, "The rejects")} ${rejects.value && !rejects.failure ? sheet(load) : nothing}`;
}

function sheet(load) {
  if (rejects.total === 0) return html`<p class="empty">Nothing was rejected, neither a row nor a cell.</p>`;
  return html`<div class="sheet tall" role="region" aria-label="Rejects" tabindex="0" aria-busy=${rejects.busy}>
      <table>
        <thead><tr>
          <th scope="col" class="number">Line</th><th scope="col">Column</th><th scope="col">Reason</th>
          <th scope="col">As it stands in the file</th>
        </tr></thead>
        <tbody>${rejects.value.map(line)}</tbody>
      </table>
    </div>
    ${pager(rejects, rejects.total === 1 ? "reject" : "rejects", `rejects_of_load_${load}.csv`)}`;
}

function line({ line, column, reason, raw }) {
  return html`<tr>
    <td class="number">${line}</td>
    <td>${column === null ? html`<span class="missing">whole row</span>` : html`<bdi>${column}</bdi>`}</td>
    <td class="wrapped"><bdi>${reason}</bdi></td>
    <td class="wrapped"><code dir="auto">${raw}</code></td>
  </tr>`;
}
