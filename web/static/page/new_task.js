// A new task: its title and Enter; the rest where it is wanted.

import { html } from "../lit-html/lit-html.js";
import { say } from "./announce.js";
import { call } from "./api.js";
import { faultsOf, general, marks } from "./faults.js";
import { SessionEnded } from "./refusals.js";
import { focusLater, redraw } from "./screen.js";
import { Draft, fields } from "./task_form.js";

let draft = new Draft();
let attempt = { body: "", key: "" };

export function newTask(added) {
  const { refusal, busy } = draft;
  return html`<form class="new-task" novalidate aria-label="Add a task" @submit=${(event) => submit(event, added)}>
    <div class="line">
      <input name="title" placeholder="What is to be done?" aria-label="Title of the new task" autocomplete="off" dir="auto"
        aria-invalid=${marks(refusal, "title")} aria-describedby="fault-title">
      <button type="submit" aria-busy=${busy} ?disabled=${busy}>Add</button>
    </div>
    ${faultsOf(refusal, "title")}
    ${general(refusal)}
    <details><summary>Details</summary><div class="fields">${fields(draft, "new")}</div></details>
  </form>`;
}

async function submit(event, added) {
  event.preventDefault();
  const goOn = focusLater();
  const form = event.target;
  const task = { title: form.elements.title.value, ...draft.changes(form) };
  Object.assign(draft, { busy: true, refusal: null });
  redraw();
  try {
    await call("POST", "tasks", { body: task, headers: { "Idempotency-Key": keyOf(task) } });
    attempt = { body: "", key: "" };
    draft = new Draft();
    form.reset();
    say(`Added “${task.title.trim()}”.`);
    await added();
  } catch (error) {
    Object.assign(draft, { busy: false, refusal: error instanceof SessionEnded ? null : error });
    redraw();
  }
  goOn(".new-task [aria-invalid=true]", ".new-task [name=title]");
}

// The same for the same task until it is made: whether a request that broke off had made it, nobody needs to know.
function keyOf(task) {
  const body = JSON.stringify(task);
  if (attempt.body !== body) attempt = { body, key: random() };
  return attempt.key;
}

function random() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
}
