// The fields of a task: to add one, and to change one in its place. Only what was changed is sent.

import { html, nothing } from "../lit-html/lit-html.js";
import { fromTyped, typed } from "./dates.js";
import { faultsOf, marks } from "./faults.js";
import { redraw } from "./screen.js";
import { PRIORITIES, STATUSES } from "./words.js";

const NEW = { title: "", description: "", status: "pending", priority: "normal", due_at: null, labels: [] };

// What is being written: the task as it was, and its labels as they are now. The rest stays in the fields themselves.
export class Draft {
  constructor(task = NEW, etag = null) {
    Object.assign(this, { task, etag, labels: [...task.labels], refusal: null, busy: false });
  }

  // The fields of the form that differ from the task.
  changes(form) {
    const { title, description, status, priority, due_at, label } = form.elements;
    this.addLabel(label);
    const before = this.task;
    const now = { title: title.value, description: description.value, status: status.value, priority: priority.value };
    const changes = Object.fromEntries(
      Object.entries(now).filter(([name, value]) => value !== asShown(name, before[name])),
    );
    if (due_at.value !== typed(before.due_at)) changes.due_at = fromTyped(due_at.value);
    if (JSON.stringify(this.labels) !== JSON.stringify(before.labels)) changes.labels = this.labels;
    return changes;
  }

  addLabel(input) {
    const label = input.value.trim();
    if (label && !this.labels.includes(label)) this.labels.push(label);
    input.value = "";
  }
}

// Fields have line ends of their own kind, and those of one line none at all.
function asShown(name, text) {
  return name === "title" ? text.replace(/[\r\n]/g, "") : text.replace(/\r\n?/g, "\n");
}

export function fields(draft, id) {
  const { task } = draft;
  const about = (name) => marks(draft.refusal, name);
  const faults = (name) => faultsOf(draft.refusal, name);
  return html`
    <div class="wide">
      <label>Description
        <textarea name="description" rows="3" dir="auto" .value=${task.description}
          aria-invalid=${about("description")} aria-describedby="fault-description"></textarea>
      </label>
      ${faults("description")}
    </div>
    ${select("status", "Status", STATUSES, task.status)} ${select("priority", "Priority", PRIORITIES, task.priority)}
    <div>
      <label>Due
        <input type="datetime-local" name="due_at" min="1970-01-02T00:00" max="9999-12-30T23:59"
          .value=${typed(task.due_at)} aria-invalid=${about("due_at")} aria-describedby="fault-due_at">
      </label>
      ${faults("due_at")}
    </div>
    <div class="wide">
      <label>Labels
        <input name="label" list="labels" placeholder="Add a label, Enter" autocomplete="off" dir="auto"
          aria-invalid=${about("labels")} aria-describedby="fault-labels"
          @keydown=${(event) => enterLabel(event, draft)}>
      </label>
      ${faults("labels")}
      ${draft.labels.length ? html`<ul class="labels" id=${`labels-${id}`}>${draft.labels.map((label) => labelOf(draft, label))}</ul>` : nothing}
    </div>`;
}

function select(name, label, options, chosen) {
  return html`<label>${label}
    <select name=${name}>
      ${Object.entries(options).map(([value, text]) => html`<option value=${value} ?selected=${value === chosen}>${text}</option>`)}
    </select>
  </label>`;
}

function labelOf(draft, label) {
  return html`<li><span class="label"><bdi>${label}</bdi>
    <button type="button" class="quiet" aria-label=${`Remove label ${label}`} @click=${() => removeLabel(draft, label)}>✕</button>
  </span></li>`;
}

function removeLabel(draft, label) {
  draft.labels = draft.labels.filter((other) => other !== label);
  redraw();
}

function enterLabel(event, draft) {
  if (event.key !== "Enter" || event.isComposing || !event.target.value.trim()) return;
  event.preventDefault();
  draft.addLabel(event.target);
  redraw();
}
