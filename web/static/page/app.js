// Begins: finds out who is logged in, and shows the view that the address names.

import { html, nothing, render } from "../lit-html/lit-html.js";
import { announcement, complain, silence } from "./announce.js";
import { call, get, onSessionEnded } from "./api.js";
import { dataView, forgetData, openData, titleOfData } from "./data.js";
import { entry, refuseEntry } from "./entry.js";
import { forgetLoads, loadsView, openLoads, titleOfLoads } from "./loads.js";
import { SessionEnded } from "./refusals.js";
import { here, onMove } from "./route.js";
import { drawnBy, focusOn, redraw } from "./screen.js";
import { end, forget, onOtherTabs } from "./session.js";
import { forgetTasks, openTasks, tasksView } from "./tasks.js";

const VIEWS = {
  tasks: { title: "Tasks", name: () => "Tasks", open: openTasks, view: tasksView, forget: forgetTasks },
  data: { title: "Data", name: titleOfData, open: openData, view: dataView, forget: forgetData },
  loads: { within: "data", name: titleOfLoads, open: openLoads, view: loadsView, forget: forgetLoads },
};
const state = { me: null, beginning: true, failure: null, shown: null };

function current() {
  return here().parts[0] in VIEWS ? here().parts[0] : "tasks";
}

function draw() {
  document.title = `${state.me ? VIEWS[current()].name() : "Log in"} · Taskmill`;
  render(shell(), document.body);
}

function shell() {
  return html`
    <a class="skip" href="#main" @click=${skip}>To the content</a>
    <header class="bar">
      <strong class="brand">Taskmill</strong>
      ${state.me ? navigation() : nothing}
    </header>
    ${navigator.onLine ? nothing : html`<p class="offline" role="alert">You are offline. What you see may be out of date.</p>`}
    <main id="main">${content()}</main>
    ${announcement()}`;
}

function content() {
  if (state.failure) return failure();
  if (state.beginning) return html`<p class="loading" aria-busy="true">Loading…</p>`;
  return state.me ? VIEWS[current()].view() : entry(entered);
}

function failure() {
  return html`<div class="failure" role="alert"><p>${state.failure.message}</p>
    <button type="button" @click=${start}>Try again</button></div>`;
}

function navigation() {
  return html`<nav aria-label="Main">
      ${Object.entries(VIEWS).map(([name, { title }]) => (title ? html`<a href=${`#/${name}`} aria-current=${where(name)}>${title}</a>` : nothing))}
      <a href="docs">API</a>
    </nav>
    <span class="who"><bdi>${state.me.username}</bdi> <button type="button" class="quiet" @click=${logOut}>Log out</button></span>`;
}

function where(name) {
  if (name === current()) return "page";
  return name === VIEWS[current()].within ? "true" : nothing;
}

function skip(event) {
  event.preventDefault();
  focusOn("main h1");
}

async function start() {
  Object.assign(state, { beginning: true, failure: null });
  redraw();
  try {
    await enter();
    await move();
  } catch (error) {
    if (!(error instanceof SessionEnded)) state.failure = error;
  }
  state.beginning = false;
  redraw();
}

async function enter() {
  state.me = (await get("me")).data;
  refuseEntry(null);
}

// The heading is there before what is listed below it: whoever goes on from it meanwhile is not called back.
async function entered() {
  await enter();
  const opened = move();
  focusOn("main h1");
  await opened;
}

function move() {
  redraw();
  if (!state.me) return undefined;
  const view = current();
  const left = state.shown;
  state.shown = here().parts.slice(0, 2).join("/");
  const opened = VIEWS[view].open();
  if (left !== null && left !== state.shown) focusOn("main h1");
  return opened;
}

async function logOut() {
  try {
    await call("POST", "logout");
  } catch (error) {
    if (!(error instanceof SessionEnded)) return complain(error);
  }
  end();
  leave(null);
}

function leave(reason) {
  Object.assign(state, { me: null, shown: null });
  for (const view of Object.values(VIEWS)) view.forget();
  refuseEntry(reason);
  silence();
  focusOn("input[name=username]");
}

drawnBy(draw);
onMove(move);
onSessionEnded((reason) => leave(state.me ? reason : null));
onOtherTabs((what) => {
  if (what === "ended" && state.me) {
    forget();
    leave(new SessionEnded());
  } else if (what === "begun" && !state.me) start();
});
addEventListener("online", () => (state.me ? move() : start()));
addEventListener("offline", redraw);
document.body.replaceChildren();
start();
