// Something that the API is asked for: what came, whether it is being asked for, and why it could not be had.

import { html, nothing } from "../lit-html/lit-html.js";
import { get } from "./api.js";
import { SessionEnded } from "./refusals.js";
import { redraw } from "./screen.js";

export class Fetched {
  value = null;
  total = 0;
  busy = false;
  failure = null;
  path = null;
  query = new URLSearchParams(); // what `value` was asked for with; while more is on its way, not what the address says
  #stop = null;

  // Only the last answer counts: one that was overtaken is not waited for.
  async ask(path) {
    this.#stop?.abort();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    Object.assign(this, { path, busy: true, failure: null });
    redraw();
    try {
      const { data, headers } = await get(path, { signal });
      if (signal.aborted) return;
      const query = new URLSearchParams(path.split("?")[1]);
      Object.assign(this, { value: data, query, total: Number(headers.get("X-Total-Count")), busy: false });
    } catch (error) {
      if (signal.aborted) return;
      Object.assign(this, { failure: error, busy: false });
    }
    redraw();
  }

  again() {
    return this.ask(this.path);
  }

  forget() {
    this.#stop?.abort();
    Object.assign(this, { value: null, total: 0, busy: false, failure: null, path: null });
  }
}

// What stands above (or instead of) the thing while it isn't there.
export function condition(fetched, what) {
  if (fetched.failure instanceof SessionEnded) return nothing;
  if (fetched.failure) {
    return html`<div class="failure" role="alert">
      <p>${what} could not be loaded. ${reason(fetched.failure)}</p>
      <button type="button" class="quiet" @click=${() => fetched.again()}>Try again</button>
    </div>`;
  }
  return fetched.busy && fetched.value === null ? html`<p class="loading" aria-busy="true">Loading…</p>` : nothing;
}

function reason({ message, faults = {} }) {
  return [message, ...Object.values(faults).flat()].join(" ");
}
