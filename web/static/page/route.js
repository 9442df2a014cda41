// Where one is: #/tasks?status=pending. It is the address that says it, so every view can be kept, shared and gone back to.

let moved = () => {};

export function onMove(then) {
  moved = then;
  addEventListener("hashchange", then);
}

export function here() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(decoded);
  return { parts: parts.length ? parts : ["tasks"], query: new URLSearchParams(query) };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function address(parts, query = "") {
  const text = String(query);
  return `#/${parts.map(encodeURIComponent).join("/")}${text && `?${text}`}`;
}

// The same place with some of its query changed; null takes a parameter out. Page 1 again, unless a page is meant.
export function changed(changes) {
  const { parts, query } = here();
  query.delete("page");
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    if (value !== null && value !== "") query.set(name, value);
  }
  return address(parts, query);
}

export function go(to) {
  location.hash = to;
}

// For what changes at every key: one step back leads out of it.
export function replace(to) {
  history.replaceState(null, "", to);
  moved();
}
