// A person's tasks: the list, and what can be done with each.

import { repeat } from "../lit-html/directives/repeat.js";
import { html, nothing } from "../lit-html/lit-html.js";
import { complain, say, silence } from "./announce.js";
import { call, get } from "./api.js";
import { condition, Fetched } from "./fetched.js";
import { newTask } from "./new_task.js";
import { pager } from "./paging.js";
import { Refused, SessionEnded } from "./refusals.js";
import { here } from "./route.js";
import { focusLater, focusOn, redraw } from "./screen.js";
import { asked, filters, forgetTyped, isFiltered } from "./task_filters.js";
import { Draft } from "./task_form.js";
import { deletedRow, editedRow, taskRow } from "./task_row.js";

const list = new Fetched();
let draft = null; // the task that is being edited

export function openTasks() {
  return list.ask(asked(here().query));
}

export function forgetTasks() {
  list.forget();
  forgetTyped();
  draft = null;
}

export function tasksView() {
  const { query } = here();
  const deleted = query.get("deleted") === "true";
  return html`<section class="tasks">
    <div class="heading">
      <h1 tabindex="-1">${deleted ? "Deleted tasks" : "Tasks"}</h1>
      ${deleted ? html`<a href="#/tasks">Back to the tasks</a>` : html`<a href="#/tasks?deleted=true">Deleted tasks</a>`}
    </div>
    ${deleted ? nothing : newTask(openTasks)} ${filters(query)} ${suggestions()}
    ${condition(list, "The tasks")} ${list.value ? listed(query, deleted) : nothing}
  </section>`;
}

function listed(query, deleted) {
  if (list.value.length === 0) return html`<p class="empty">${nothingHere(query)}</p>`;
  const row = (task) =>
    task.id === draft?.task.id
      ? editedRow(draft, actions)
      : deleted
        ? deletedRow(task, actions)
        : taskRow(task, actions);
  return html`<ul class="list" aria-busy=${list.busy}>${repeat(list.value, (task) => task.id, row)}</ul>
    ${pager(list, list.total === 1 ? "task" : "tasks", "tasks.csv")}`;
}

function nothingHere(query) {
  if (list.total > 0) return html`The list ends before this page. <a href="#/tasks">To its beginning</a>`;
  if (isFiltered(query)) return html`No task fits. <a href="#/tasks">Show all tasks</a>`;
  if (query.get("deleted")) return "Nothing was deleted in the last 30 days.";
  return "Nothing to do yet. Add the first task above.";
}

// Labels that are about, to choose from where one is typed.
function suggestions() {
  const labels = [...new Set((list.value ?? []).flatMap((task) => task.labels))].sort();
  return html`<datalist id="labels">${labels.map((label) => html`<option value=${label}></option>`)}</datalist>`;
}

const actions = {
  async complete(task, done) {
    const status = done ? "completed" : "pending";
    await attempt(async () => {
      await call("PATCH", `tasks/${task.id}`, { body: { status } });
      say(done ? `Completed “${task.title}”.` : `“${task.title}” is to be done again.`);
    }, [`#task-${task.id} input`]);
  },

  async edit(task) {
    await attempt(
      async () => {
        const { data, headers } = await get(`tasks/${task.id}`);
        draft = new Draft(data, headers.get("ETag"));
      },
      [`#task-${task.id} [name=title]`],
      redraw,
    );
  },

  cancel() {
    const { id } = draft.task;
    draft = null;
    redraw();
    focusOn(`#task-${id} .edit`);
  },

  async save(event) {
    event.preventDefault();
    const goOn = focusLater();
    const { id } = draft.task;
    const changes = draft.changes(event.target);
    Object.assign(draft, { busy: true, refusal: null });
    redraw();
    try {
      await call("PATCH", `tasks/${id}`, { body: changes, headers: { "If-Match": draft.etag } });
      say(`Saved “${(changes.title ?? draft.task.title).trim()}”.`);
      draft = null;
      await openTasks();
      goOn(`#task-${id} .edit`, "h1");
    } catch (error) {
      Object.assign(draft, { busy: false, refusal: await explained(error, id) });
      redraw();
      goOn(`#task-${id} [aria-invalid=true]`, `#task-${id} [name=title]`);
    }
  },

  async remove(task) {
    await attempt(async () => {
      await call("DELETE", `tasks/${task.id}`);
      say(`Deleted “${task.title}”.`, { label: "Undo", run: () => actions.restore(task) });
    }, ["#undo"]);
  },

  async restore(task) {
    silence();
    await attempt(async () => {
      await call("POST", `tasks/${task.id}/restore`);
      say(`Restored “${task.title}”.`);
    }, [`#task-${task.id} .edit`, "h1"]);
  },
};

// Do it, show how the list is after it, and go on from one of these; say so when it can't be done.
async function attempt(action, selectors, then = openTasks) {
  const goOn = focusLater();
  try {
    await action();
  } catch (error) {
    if (error instanceof SessionEnded) return;
    complain(error);
  }
  await then();
  goOn(...selectors);
}

// Somebody else was faster: what is written here is kept, and a second Save puts it over theirs.
async function explained(error, id) {
  if (!(error instanceof Refused) || error.status !== 412) return error;
  try {
    const { headers } = await get(`tasks/${id}`);
    draft.etag = headers.get("ETag");
    return new Refused(412, "The task was changed elsewhere meanwhile. Save again to put your changes over it.");
  } catch (failure) {
    return failure;
  }
}
