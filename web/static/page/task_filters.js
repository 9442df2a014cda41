// Which tasks are wanted, and in which order: the form, and what it means to the API.

import { live } from "../lit-html/directives/live.js";
import { html } from "../lit-html/lit-html.js";
import { endOfDay } from "./dates.js";
import { whole } from "./paging.js";
import { changed, go, here, replace } from "./route.js";
import { DUE, PRIORITIES, SORTS, STATUSES } from "./words.js";

const PER_PAGE = 50;
const FILTERS = ["q", "status", "priority", "label", "due"];
const NONE = Object.fromEntries(FILTERS.map((name) => [name, null]));
let typing = null;
let typed = {}; // what stands in a field and not in the address yet: whatever is drawn meanwhile leaves it there

export function asked(query) {
  const wanted = new URLSearchParams();
  for (const name of ["q", "status", "priority", "label", "sort", "deleted"]) {
    if (query.get(name)) wanted.set(name, query.get(name));
  }
  for (const [name, value] of Object.entries(dueLimits(query.get("due")))) wanted.set(name, value);
  wanted.set("page", whole(query.get("page"), 1));
  wanted.set("per_page", Math.min(100, whole(query.get("per_page"), PER_PAGE)));
  return `tasks?${wanted}`;
}

function dueLimits(due) {
  const limits = {
    overdue: { due_before: new Date().toISOString() },
    today: { due_before: endOfDay(0) },
    week: { due_before: endOfDay(7) },
    later: { due_after: endOfDay(7) },
  };
  return limits[due] ?? {};
}

export function isFiltered(query) {
  return FILTERS.some((name) => query.get(name));
}

export function filters(query) {
  return html`<search><form class="filters" aria-label="Filter tasks" @submit=${stay}>
    <input type="search" name="q" placeholder="Search" aria-label="Search in title and description" maxlength="1000"
      .value=${live(typed.q ?? query.get("q") ?? "")} @input=${search}>
    ${choice("status", "Status", { "": "Any status", ...STATUSES }, query)}
    ${choice("priority", "Priority", { "": "Any priority", ...PRIORITIES }, query)}
    ${choice("due", "Due", { "": "Due any time", ...DUE }, query)}
    <input name="label" placeholder="Label" aria-label="Label" list="labels"
      .value=${live(typed.label ?? query.get("label") ?? "")} @input=${keep} @change=${choose} @blur=${settle}>
    ${choice("sort", "Order", SORTS, query)}
    <span class="clear">${isFiltered(query) ? html`<a href=${changed(NONE)} @click=${forgetTyped}>Clear filters</a>` : ""}</span>
  </form></search>`;
}

function choice(name, label, options, query) {
  const chosen = query.get(name) ?? Object.keys(options)[0];
  return html`<select name=${name} aria-label=${label} data-chosen=${query.get(name) ?? ""} @change=${choose}>
    ${Object.entries(options).map(([value, text]) => html`<option value=${value} .selected=${live(value === chosen)}>${text}</option>`)}
  </select>`;
}

function stay(event) {
  event.preventDefault();
  searchFor(event.target.elements.q.value, 0);
}

export function forgetTyped() {
  clearTimeout(typing);
  typed = {};
}

function keep({ target }) {
  typed[target.name] = target.value;
}

function settle({ target }) {
  delete typed[target.name];
}

function choose({ target }) {
  settle({ target });
  go(changed({ [target.name]: target.value.trim() }));
}

// While somebody types, the list follows a moment behind.
function search({ target }) {
  keep({ target });
  searchFor(target.value, 250);
}

function searchFor(text, wait) {
  clearTimeout(typing);
  const { parts } = here();
  typing = setTimeout(() => {
    delete typed.q;
    if (here().parts.join() === parts.join()) replace(changed({ q: text }));
  }, wait);
}
