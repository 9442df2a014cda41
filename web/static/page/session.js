// Who is logged in. The access token is kept in memory alone; the refresh token is in a cookie that no script can read.
// Each refresh token is good once, and one used twice ends the session: so tabs take turns.

import { Refused, SessionEnded, Unreachable } from "./refusals.js";

const BEGUN = "taskmill-refresh-begun";
const LONGEST_REFRESH = 3000; // milliseconds

const tabs = new BroadcastChannel("taskmill-session");
let token = null;
let person = null;
let renewing = null;

export const session = {
  get token() {
    return token;
  },
};

// A token other than `stale`, which was refused; from the cookie, unless it was renewed meanwhile.
export function renewed(stale) {
  if (token !== stale) return Promise.resolve(token);
  renewing ??= inTurn(refresh).finally(() => {
    renewing = null;
  });
  return renewing;
}

// Browsers have locks only on HTTPS and on this machine; elsewhere the mark below has to do.
function inTurn(work) {
  return navigator.locks ? navigator.locks.request("taskmill-refresh", work) : work();
}

async function refresh() {
  await pause(leftOfEarlierRefresh());
  localStorage.setItem(BEGUN, Date.now());
  try {
    // keepalive: even if this page is left now, the next cookie arrives.
    const answer = await fetch("token/refresh", { method: "POST", keepalive: true });
    if (answer.status === 401) {
      forget();
      throw new SessionEnded();
    }
    if (!answer.ok) throw await Refused.from(answer);
    return keep((await answer.json()).access_token);
  } catch (error) {
    throw error instanceof TypeError ? new Unreachable() : error;
  } finally {
    localStorage.removeItem(BEGUN);
  }
}

// A page that was left in the middle of a refresh (a reload pressed twice) could not wait for the next cookie.
function leftOfEarlierRefresh() {
  const age = Date.now() - Number(localStorage.getItem(BEGUN));
  return age >= 0 && age < LONGEST_REFRESH ? LONGEST_REFRESH - age : 0;
}

function pause(milliseconds) {
  return milliseconds ? new Promise((done) => setTimeout(done, milliseconds)) : undefined;
}

export function begin(accessToken) {
  person = null;
  keep(accessToken);
  tabs.postMessage("begun");
}

export function end() {
  forget();
  tabs.postMessage("ended");
}

export function forget() {
  token = null;
}

function keep(accessToken) {
  const subject = JSON.parse(atob(accessToken.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub;
  // Another tab logged somebody else in: nothing that this one shows is theirs.
  if (person !== null && person !== subject) location.reload();
  person = subject;
  token = accessToken;
  return token;
}

export function onOtherTabs(changed) {
  tabs.onmessage = ({ data }) => changed(data);
}
