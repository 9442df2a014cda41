// Runs of the loader, newest first, and what each of them refused.

import { html, nothing } from "../lit-html/lit-html.js";
import { inWords } from "./dates.js";
import { condition, Fetched } from "./fetched.js";
import { count, pager, whole } from "./paging.js";
import { openRejects, rejectsView } from "./rejects.js";
import { address, here } from "./route.js";

const PER_PAGE = 50;
const list = new Fetched();
const one = new Fetched(); // the load that is looked at

function place() {
  return here().parts[1];
}

export async function openLoads() {
  const load = place();
  if (load === undefined) return list.ask(`loads?page=${whole(here().query.get("page"), 1)}&per_page=${PER_PAGE}`);
  const path = `loads/${encodeURIComponent(load)}`;
  if (one.path !== path || one.failure) {
    one.forget();
    await one.ask(path);
  }
  // Somebody may have gone on meanwhile.
  if (one.path === path && one.value && place() === load) await openRejects({ load });
}

export function forgetLoads() {
  list.forget();
  one.forget();
}

export function titleOfLoads() {
  return place() === undefined ? "Loads" : `Load ${place()}`;
}

export function loadsView() {
  return place() === undefined ? all() : single(place());
}

function all() {
  return html`<section class="data">
    <div class="path"><a href="#/data">Data</a> / <h1 tabindex="-1">Loads</h1></div>
    ${condition(list, "The loads")} ${list.value ? listed() : nothing}
  </section>`;
}

function listed() {
  if (list.total === 0)
    return html`<p class="empty">There are no loads for you. What is loaded with --share, everybody sees here.</p>`;
  if (list.value.length === 0)
    return html`<p class="empty">The list ends before this page. <a href="#/loads">To its beginning</a></p>`;
  return html`<div class="sheet" role="region" aria-label="Loads" tabindex="0" aria-busy=${list.busy}>
      <table>
        <thead><tr>
          <th scope="col" class="number">Load</th><th scope="col">Table</th><th scope="col">Source</th>
          <th scope="col">State</th><th scope="col" class="number">Rows read</th><th scope="col" class="number">Loaded</th>
          <th scope="col" class="number">Rejected</th><th scope="col" class="number">Cells blanked</th><th scope="col">Began</th>
        </tr></thead>
        <tbody>${list.value.map(line)}</tbody>
      </table>
    </div>
    ${list.total > PER_PAGE ? pager(list, "loads") : nothing}`;
}

function line(load) {
  const rejects = address(["loads", String(load.id)]);
  return html`<tr>
    <th scope="row" class="number"><a href=${rejects}>${load.id}</a></th>
    <td><bdi>${load.table}</bdi></td><td><bdi>${load.source}</bdi></td>
    <td class="wrapped">${state(load)}</td>
    <td class="number">${count(load.rows_read)}</td><td class="number">${count(load.rows_loaded)}</td>
    <td class="number">${load.rows_rejected ? html`<a href=${rejects}>${count(load.rows_rejected)}</a>` : 0}</td>
    <td class="number">${load.cells_blanked ? html`<a href=${rejects}>${count(load.cells_blanked)}</a>` : 0}</td>
    <td>${began(load)}</td>
  </tr>`;
}

function single(load) {
  return html`<section class="data">
    <div class="path"><a href="#/data">Data</a> / <a href="#/loads">Loads</a> / <h1 tabindex="-1"><bdi>Load ${load}</bdi></h1></div>
    ${condition(one, "The load")} ${one.value && one.value.id === Number(load) ? html`${account(one.value)} ${rejectsView({ load })}` : nothing}
  </section>`;
}

function account(load) {
  return html`<p class="quiet-line"><bdi>${load.source}</bdi> into <bdi>${load.table}</bdi>, begun ${began(load)}: ${state(load)}.
    ${count(load.rows_read)} rows read, ${count(load.rows_loaded)} loaded, ${count(load.rows_rejected)} rejected,
    ${count(load.cells_blanked)} cells blanked.</p>`;
}

function state({ state: word, error }) {
  return html`${word}${error ? html`: <bdi>${error}</bdi>` : nothing}`;
}

function began({ started_at: instant }) {
  return html`<time datetime=${instant}>${inWords(instant)}</time>`;
}
