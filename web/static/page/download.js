// All of a list as a CSV file. It is asked for with the token, which no link could bear.

import { html } from "../lit-html/lit-html.js";
import { complain, say } from "./announce.js";
import { call } from "./api.js";
import { SessionEnded } from "./refusals.js";
import { redraw } from "./screen.js";

const SAVED_WITHIN = 60_000; // milliseconds
let underWay = null;

// path: of the list, as one of its pages is asked for. file: what it is called where it is kept.
export function download(path, file) {
  return html`<button type="button" class="quiet download" aria-busy=${underWay === path} @click=${() => save(path, file)}
    >Download CSV</button>`;
}

async function save(path, file) {
  if (underWay !== null) return;
  underWay = path;
  redraw();
  try {
    const { data } = await call("GET", allOf(path), { headers: { Accept: "text/csv" }, as: "blob" });
    keep(data, file);
    say(`Downloaded ${file}.`);
  } catch (error) {
    if (!(error instanceof SessionEnded)) complain(error);
  }
  underWay = null;
  redraw();
}

function allOf(path) {
  const [list, query] = path.split("?");
  const kept = new URLSearchParams(query);
  for (const name of ["page", "per_page"]) kept.delete(name);
  return `${list}?${kept}`;
}

function keep(data, file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(data);
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), SAVED_WITHIN);
}
