// Which rows are wanted: conditions in the address, as the API has them (carrier.eq=UA), and the form that adds one.

import { html, nothing } from "../lit-html/lit-html.js";
import { NUMBERS } from "./columns.js";
import { address, go, here } from "./route.js";

const OWN = ["page", "per_page", "sort"];
const COMPARISONS = {
  eq: "is",
  ne: "is not",
  gt: ">",
  gte: "≥",
  lt: "<",
  lte: "≤",
  contains: "contains",
  in: "is one of (a,b)",
};
const EMPTY = { null: "is empty", notnull: "is not empty" };
const NOT_OF_TEXT = ["gt", "gte", "lt", "lte"];

export function conditionsIn(query) {
  return [...query]
    .filter(([name]) => !OWN.includes(name))
    .map(([parameter, value]) => ({ parameter, value, ...read(parameter) }));
}

function read(parameter) {
  const dot = parameter.lastIndexOf(".");
  const operator = parameter.slice(dot + 1);
  return dot > 0 && (operator in COMPARISONS || operator === "is")
    ? { column: parameter.slice(0, dot), operator }
    : { column: parameter, operator: "eq" };
}

export function rowFilters(columns) {
  const { query } = here();
  return html`<search>
    <form class="filters" aria-label="Filter rows" @submit=${(event) => add(event)}>
      <select name="column" aria-label="Column" @change=${offer(columns)}>
        ${columns.map(({ name }) => html`<option value=${name}>${name}</option>`)}
      </select>
      <select name="operator" aria-label="Comparison" @change=${({ target }) => needsValue(target)}>
        ${Object.entries(COMPARISONS).map(([operator, words]) => html`<option value=${operator} ?hidden=${unfit(columns[0], operator)}>${words}</option>`)}
        ${Object.entries(EMPTY).map(([value, words]) => html`<option value=${value}>${words}</option>`)}
      </select>
      <input name="value" aria-label="Value" placeholder="Value" autocomplete="off" dir="auto">
      <button type="submit">Filter</button>
    </form>
    ${applied(conditionsIn(query))}
  </search>`;
}

function applied(conditions) {
  if (conditions.length === 0) return nothing;
  return html`<ul class="labels" aria-label="Filters">${conditions.map(chip)}</ul>`;
}

function chip({ parameter, column, operator, value }) {
  return html`<li><span class="label">
    <bdi>${column}</bdi> ${operator === "is" ? (EMPTY[value] ?? value) : html`${COMPARISONS[operator]} <bdi>${value}</bdi>`}
    <button type="button" class="quiet" aria-label=${`Remove the filter on ${column}`}
      @click=${() => go(without(parameter))}>✕</button>
  </span></li>`;
}

function without(parameter) {
  const { parts, query } = here();
  for (const name of [parameter, "page"]) query.delete(name);
  return address(parts, query);
}

// Only comparisons that make sense for the column; texts are searched, numbers compared.
function unfit(column, operator) {
  return operator === "contains"
    ? NUMBERS.includes(column?.kind)
    : column?.kind === "text" && NOT_OF_TEXT.includes(operator);
}

function offer(columns) {
  return ({ target }) => {
    const { operator } = target.form.elements;
    const column = columns.find(({ name }) => name === target.value);
    for (const option of operator.options) option.hidden = unfit(column, option.value);
    if (operator.selectedOptions[0].hidden) operator.value = "eq";
    needsValue(operator);
  };
}

function needsValue(operator) {
  operator.form.elements.value.disabled = operator.value in EMPTY;
}

function add(event) {
  event.preventDefault();
  const { column, operator, value } = event.target.elements;
  const { parts, query } = here();
  query.delete("page");
  if (operator.value in EMPTY) query.set(`${column.value}.is`, operator.value);
  else query.set(`${column.value}.${operator.value}`, value.value);
  value.value = "";
  go(address(parts, query));
}
