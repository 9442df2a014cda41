// The columns of a table, in order and with their types; its key, where the loader made one, stands first.

export const NUMBERS = ["integer", "number", "decimal"];

export function columnsOf({ decisions, schema }) {
  const kinds = new Map(decisions.map(({ column, type }) => [column, type]));
  const key = [schema.primaryKey ?? []].flat().filter((name) => !kinds.has(name));
  return [...key.map((name) => ({ name, kind: "integer" })), ...[...kinds].map(([name, kind]) => ({ name, kind }))];
}
