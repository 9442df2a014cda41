// The way in: log in, or register and be logged in.

import { html, nothing } from "../lit-html/lit-html.js";
import { callAsNobody } from "./api.js";
import { faultsOf, general, marks } from "./faults.js";
import { focusLater, focusOn, redraw } from "./screen.js";
import { begin } from "./session.js";

const state = { registering: false, busy: false, refusal: null };

export function refuseEntry(error) {
  state.refusal = error;
}

export function entry(entered) {
  const { registering, busy, refusal } = state;
  const action = registering ? "Register" : "Log in";
  return html`<section class="entry">
    <h1 tabindex="-1">${action}</h1>
    ${general(refusal)}
    <form novalidate @submit=${(event) => submit(event, entered)}>
      <label>Username
        <input name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required
          aria-invalid=${marks(refusal, "username")} aria-describedby="fault-username">
      </label>
      ${faultsOf(refusal, "username")}
      <label>Password
        <input name="password" type="password" required autocomplete=${registering ? "new-password" : "current-password"}
          aria-invalid=${marks(refusal, "password")} aria-describedby="fault-password hint-password">
      </label>
      ${registering ? html`<small id="hint-password">8 to 128 characters, any you like.</small>` : nothing}
      ${faultsOf(refusal, "password")}
      <button type="submit" aria-busy=${busy} ?disabled=${busy}>${action}</button>
    </form>
    <p>${registering ? "You have an account?" : "No account yet?"}
      <button type="button" class="link" @click=${turn}>${registering ? "Log in" : "Register"}</button></p>
  </section>`;
}

function turn() {
  Object.assign(state, { registering: !state.registering, refusal: null });
  redraw();
  focusOn("input[name=username]");
}

async function submit(event, entered) {
  event.preventDefault();
  const goOn = focusLater();
  const { username, password } = event.target.elements;
  const account = { username: username.value, password: password.value };
  Object.assign(state, { busy: true, refusal: null });
  redraw();
  try {
    if (state.registering) await callAsNobody("POST", "register", account);
    const { data } = await callAsNobody("POST", "login", account);
    begin(data.access_token);
    Object.assign(state, { registering: false });
    await entered();
  } catch (error) {
    state.refusal = error;
  }
  state.busy = false;
  redraw();
  if (state.refusal) goOn("[aria-invalid=true]", "input[name=username]");
}
