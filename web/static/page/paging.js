// The way through a long list, page by page.

import { html, nothing } from "../lit-html/lit-html.js";
import { download } from "./download.js";
import { changed, here } from "./route.js";

export function whole(text, fallback) {
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 0 ? number : fallback;
}

export function count(number) {
  return number.toLocaleString();
}

// list: what was fetched; its numbers are those of the page that is shown, also while the next one is on its way.
// what: the word for the things in the list, after their number. file: what all of it is called as a CSV file.
export function pager({ path, query, total }, what, file = null) {
  const [page, size] = [whole(query.get("page"), 1), whole(query.get("per_page"), 1)];
  const last = Math.max(1, Math.ceil(total / size));
  const [first, end] = [(page - 1) * size + 1, Math.min(total, page * size)];
  const alone = page === 1 && last === 1;
  return html`<nav class="pager" aria-label="Pages">
    <span class="total"><span>${alone ? nothing : `${page > last ? 0 : `${count(first)}–${count(end)}`} of `}${count(total)} ${what}</span>
      ${file ? download(path, file) : nothing}</span>
    ${alone ? nothing : steps(page, last)}
  </nav>`;
}

// From the page that was asked for last: who presses twice goes two pages on.
function steps(shown, last) {
  const page = whole(here().query.get("page"), 1);
  return html`<span class="steps">
    ${step("First", "⏮", 1, page > 2)} ${step("Previous", "◀", Math.min(page - 1, last), page > 1)}
    <span>page ${count(shown)} of ${count(last)}</span>
    ${step("Next", "▶", page + 1, page < last)} ${step("Last", "⏭", last, page < last - 1)}
  </span>`;
}

function step(name, sign, page, possible) {
  const label = html`<span aria-hidden="true">${sign}</span><span class="unseen">${name} page</span>`;
  if (!possible) return html`<span class="step" aria-hidden="true">${sign}</span>`;
  return html`<a class="step" href=${changed({ page: page === 1 ? null : page })}>${label}</a>`;
}
