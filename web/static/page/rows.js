// The rows of a table, page by page; filters and order stand in the address.

import { html, nothing } from "../lit-html/lit-html.js";
import { cell } from "./cell.js";
import { columnsOf, NUMBERS } from "./columns.js";
import { condition, Fetched } from "./fetched.js";
import { pager, whole } from "./paging.js";
import { changed, here } from "./route.js";
import { rowFilters } from "./row_filters.js";
import { showRow, wholeRow } from "./whole_row.js";

const PER_PAGE = 100;
const rows = new Fetched();

function size(query) {
  return Math.min(1000, whole(query.get("per_page"), PER_PAGE));
}

export function openRows({ name }) {
  const { query } = here();
  query.set("page", whole(query.get("page"), 1));
  query.set("per_page", size(query));
  const path = `datasets/${encodeURIComponent(name)}/rows`;
  if (!rows.path?.startsWith(`${path}?`)) rows.forget();
  return rows.ask(`${path}?${query}`);
}

export function rowsView(table) {
  const { query } = here();
  const columns = columnsOf(table);
  return html`${rowFilters(columns)} ${condition(rows, "The rows")}
    ${rows.value && !rows.failure ? sheet(table.name, columns, query) : nothing} ${wholeRow(columns)}`;
}

function sheet(name, columns, query) {
  if (rows.value.length === 0) {
    return html`<p class="empty">${rows.total ? html`The table ends before this page. <a href=${changed({})}>To its beginning</a>` : "No row fits."}</p>`;
  }
  return html`<div class="sheet tall" role="region" aria-label="Rows" tabindex="0" aria-busy=${rows.busy}>
      <table>
        <thead><tr><th scope="col"><span class="unseen">Whole row</span></th>${columns.map((column) => heading(column, query))}</tr></thead>
        <tbody>${rows.value.map((row, number) => line(row, number, columns))}</tbody>
      </table>
    </div>
    ${pager(rows, "rows", `${name}.csv`)}`;
}

// Up, then down, then as the table has it. The sign is about the rows that are there, the link about what was asked for.
function heading({ name, kind }, query) {
  const [key, sort, sorted] = [quoted(name), query.get("sort"), rows.query.get("sort")];
  const next = { [key]: `-${key}`, [`-${key}`]: null };
  const order = sorted === key ? "ascending" : sorted === `-${key}` ? "descending" : nothing;
  const sign = { ascending: "▲", descending: "▼" }[order] ?? "";
  return html`<th scope="col" class=${NUMBERS.includes(kind) ? "number" : nothing} aria-sort=${order} title=${kind}>
    <a href=${changed({ sort: sort in next ? next[sort] : key })}><bdi>${name}</bdi> <span aria-hidden="true">${sign}</span></a>
  </th>`;
}

// In `sort` a comma parts columns.
function quoted(name) {
  return /[",]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

function line(row, number, columns) {
  return html`<tr>
    <td><button type="button" class="quiet" aria-label=${`Whole row ${number + 1}`} @click=${() => showRow(row)}>⋯</button></td>
    ${columns.map(({ name, kind }) => cell(row[name], kind))}
  </tr>`;
}
