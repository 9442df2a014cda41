// One task in the list, to read and to act on.

import { live } from "../lit-html/directives/live.js";
import { html, nothing } from "../lit-html/lit-html.js";
import { inWords } from "./dates.js";
import { faultsOf, general, marks } from "./faults.js";
import { changed } from "./route.js";
import { fields } from "./task_form.js";
import { PRIORITIES, STATUSES } from "./words.js";

const SHORT = 140; // characters of a description that are shown at once

export function taskRow(task, actions) {
  const done = task.status === "completed";
  return html`<li class="task" id=${`task-${task.id}`} data-status=${task.status}>
    <input type="checkbox" aria-label=${`Completed: ${task.title}`} .checked=${live(done)} @change=${() => actions.complete(task, !done)}>
    <div class="text">
      <span class="title" dir="auto">${task.title}</span>
      ${task.status === "in_progress" ? html`<span class="badge">${STATUSES.in_progress}</span>` : nothing}
      ${task.labels.map((label) => html`<a class="label" href=${changed({ label })}><bdi>${label}</bdi></a>`)}
      ${description(task.description)}
    </div>
    <span class="priority" data-priority=${task.priority}>${task.priority === "normal" ? nothing : PRIORITIES[task.priority]}</span>
    ${due(task, done)}
    <span class="actions">
      <button type="button" class="quiet edit" aria-label=${`Edit: ${task.title}`} @click=${() => actions.edit(task)}>Edit</button>
      <button type="button" class="quiet delete" aria-label=${`Delete: ${task.title}`} @click=${() => actions.remove(task)}>Delete</button>
    </span>
  </li>`;
}

function due(task, done) {
  if (!task.due_at) return html`<span class="due"></span>`;
  const overdue = !done && new Date(task.due_at) < new Date();
  return html`<span class="due" ?data-overdue=${overdue}>
    ${overdue ? html`<strong>Overdue</strong> ` : nothing}<time datetime=${task.due_at}>${inWords(task.due_at)}</time>
  </span>`;
}

function description(text) {
  if (!text) return nothing;
  const characters = [...text.slice(0, SHORT * 2)];
  if (characters.length <= SHORT && !text.trim().includes("\n"))
    return html`<p class="description" dir="auto">${text}</p>`;
  const beginning = characters.slice(0, SHORT).join("").split("\n")[0];
  return html`<details class="description">
    <summary><bdi>${beginning}…</bdi></summary>
    <p dir="auto">${text}</p>
  </details>`;
}

export function deletedRow(task, actions) {
  return html`<li class="task" id=${`task-${task.id}`} data-status="deleted">
    <div class="text"><span class="title" dir="auto">${task.title}</span>${description(task.description)}</div>
    <span class="actions">
      <button type="button" class="quiet" aria-label=${`Restore: ${task.title}`} @click=${() => actions.restore(task)}>Restore</button>
    </span>
  </li>`;
}

export function editedRow(draft, actions) {
  const { task, refusal, busy } = draft;
  return html`<li class="task edited" id=${`task-${task.id}`}>
    <form novalidate aria-label=${`Edit: ${task.title}`} @submit=${(event) => actions.save(event)} @keydown=${(event) => leave(event, actions)}>
      <div class="wide">
        <label>Title
          <input name="title" autocomplete="off" dir="auto" .value=${task.title}
            aria-invalid=${marks(refusal, "title")} aria-describedby="fault-title">
        </label>
        ${faultsOf(refusal, "title")}
      </div>
      ${fields(draft, task.id)}
      ${general(refusal)}
      <div class="wide buttons">
        <button type="submit" aria-busy=${busy} ?disabled=${busy}>Save</button>
        <button type="button" class="quiet" @click=${actions.cancel}>Cancel</button>
      </div>
    </form>
  </li>`;
}

function leave(event, actions) {
  if (event.key === "Escape" && !event.isComposing) actions.cancel();
  if (event.key === "Enter" && event.ctrlKey) event.currentTarget.requestSubmit();
}
