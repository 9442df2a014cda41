// Requests to the API, in the name of whoever is logged in.

import { Refused, SessionEnded, Unreachable } from "./refusals.js";
import { renewed, session } from "./session.js";

let ended = () => {};

export function onSessionEnded(then) {
  ended = then;
}

export function get(path, { signal } = {}) {
  return call("GET", path, { signal });
}

// {data, headers} of the answer; data as it is asked for: "json", or "blob" for a file. An access token that has run out is renewed, and the request sent once more.
export async function call(method, path, options = {}) {
  try {
    const used = session.token ?? (await renewed(null));
    let answer = await send(method, path, options, used);
    if (answer.status === 401) answer = await send(method, path, options, await renewed(used));
    if (answer.status === 401) throw new SessionEnded();
    return await read(answer, options.as);
  } catch (error) {
    if (error instanceof SessionEnded) ended(error);
    throw error;
  }
}

// The same without a token: to register and to log in.
export async function callAsNobody(method, path, body) {
  return read(await send(method, path, { body }, null));
}

async function send(method, path, { body, headers, signal }, token) {
  const sent = { Accept: "application/json", ...headers };
  if (token) sent.Authorization = `Bearer ${token}`;
  if (body !== undefined) sent["Content-Type"] = "application/json";
  try {
    return await fetch(path, { method, headers: sent, body: body && JSON.stringify(body), signal });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Unreachable();
  }
}

async function read(answer, as = "json") {
  if (!answer.ok) throw await Refused.from(answer);
  try {
    return { data: await answer[as](), headers: answer.headers };
  } catch (error) {
    throw error instanceof TypeError ? new Unreachable() : error; // it broke off
  }
}
