// Loaded tables: which of their views the address names, and what each has to be asked for.

import { html, nothing } from "../lit-html/lit-html.js";
import { condition, Fetched } from "./fetched.js";
import { pager, whole } from "./paging.js";
import { openProfile, profileView } from "./profile.js";
import { openRejects, rejectsView } from "./rejects.js";
import { address, here } from "./route.js";
import { openRows, rowsView } from "./rows.js";
import { aboutView } from "./table_about.js";
import { table, tableList } from "./tables.js";

const PARTS = {
  rows: { title: "Rows", open: openRows, view: rowsView },
  profile: { title: "Profile", open: openProfile, view: profileView },
  rejects: { title: "Rejects", open: openRejects, view: rejectsView },
  about: { title: "About", open: () => {}, view: aboutView },
};
const PER_PAGE = 100;

const list = new Fetched();
const about = new Fetched(); // the table that is looked at

function place() {
  const [, name, part = "rows"] = here().parts;
  return { name, part: part in PARTS ? part : "rows" };
}

export async function openData() {
  const { name, part } = place();
  if (name === undefined) return list.ask(`datasets?page=${whole(here().query.get("page"), 1)}&per_page=${PER_PAGE}`);
  const path = `datasets/${encodeURIComponent(name)}`;
  if (about.path !== path || about.failure) {
    about.forget();
    await about.ask(path);
  }
  // Somebody may have gone on meanwhile.
  if (about.path === path && about.value && place().part === part) await PARTS[part].open(about.value);
}

export function forgetData() {
  list.forget();
  about.forget();
}

export function titleOfData() {
  return place().name ?? "Data";
}

export function dataView() {
  const { name, part } = place();
  return name === undefined ? tables() : oneTable(name, part);
}

function tables() {
  return html`<section class="data">
    <div class="heading"><h1 tabindex="-1">Data</h1> <a href="#/loads">Loads</a></div>
    ${condition(list, "The tables")} ${list.value ? tableList(list.value) : nothing}
    ${list.value && list.total > PER_PAGE ? pager(list, "tables") : nothing}
  </section>`;
}

function oneTable(name, part) {
  const known = about.value?.name === name ? about.value : null;
  return html`<section class="data">
    <div class="path"><a href="#/data">Data</a> / <h1 tabindex="-1"><bdi>${name}</bdi></h1></div>
    ${condition(about, "The table")} ${known ? html`${table(known)} ${parts(known, part)} ${PARTS[part].view(known)}` : nothing}
  </section>`;
}

function parts({ name, rejected }, part) {
  const link = ([
    key,
    { title },
  ]) => html`<a href=${address(["data", name, key])} aria-current=${key === part ? "page" : nothing}
    >${title}${key === "rejects" && rejected ? ` (${rejected.toLocaleString()})` : nothing}</a>`;
  return html`<nav class="parts" aria-label="Views of the table">${Object.entries(PARTS).map(link)}</nav>`;
}
