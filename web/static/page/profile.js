// What the columns of a table hold, as the loader measured it.

import { html, nothing } from "../lit-html/lit-html.js";
import { frequencies, histogram, shown } from "./charts.js";
import { condition, Fetched } from "./fetched.js";
import { count } from "./paging.js";
import { address } from "./route.js";

const profile = new Fetched();
const QUANTILES = { 0.05: "5%", 0.25: "25%", 0.5: "Median", 0.75: "75%", 0.95: "95%" };

export function openProfile({ name, profile: measured }) {
  const path = `datasets/${encodeURIComponent(name)}/profile`;
  if (profile.path !== path) profile.forget();
  return measured ? profile.ask(path) : undefined;
}

export function profileView({ name, profile: measured }) {
  if (!measured) {
    return html`<p class="empty">This table was not measured. The loader does so with --report FILE.html.</p>`;
  }
  return html`${condition(profile, "The profile")} ${profile.value ? columns(profile.value, name) : nothing}`;
}

function columns({ rows, columns: all }, name) {
  return html`<div class="profile">${all.map((column) => card(column, rows, name))}</div>`;
}

function card(column, rows, name) {
  const { distinct, distinct_is_exact: exact, missing } = column;
  const share = rows ? ` (${((missing / rows) * 100).toFixed(1)}%)` : "";
  return html`<article>
    <h2><bdi>${column.name}</bdi> <small>${column.type}</small></h2>
    <dl class="facts">
      ${fact("Missing", `${count(missing)}${missing ? share : ""}`)}
      ${fact("Distinct", `${exact ? "" : "about "}${count(Math.round(distinct))}`)}
      ${fact("Least", shown(column.min))} ${fact("Greatest", shown(column.max))} ${fact("Mean", shown(column.mean))}
      ${Object.entries(QUANTILES).map(([key, words]) => fact(words, shown(column.quantiles?.[key])))}
      ${column.lengths ? fact("Length", `${shown(column.lengths.min)} to ${shown(column.lengths.max)}`) : nothing}
    </dl>
    ${column.histogram?.counts.length ? histogram(column.histogram, column.name) : nothing}
    ${mostFrequent(column, name)}
  </article>`;
}

function fact(name, value) {
  if (value === nothing) return nothing;
  return html`<div><dt>${name}</dt><dd><bdi>${value}</bdi></dd></div>`;
}

function mostFrequent(column, name) {
  const entries = column.most_frequent ?? [];
  if (entries.length === 0 || (column.histogram && column.distinct > 20)) return nothing;
  const rowsWith = (value) => address(["data", name], new URLSearchParams({ [`${column.name}.eq`]: value }));
  return frequencies(entries.slice(0, 8), rowsWith);
}
