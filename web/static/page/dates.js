// Times as people read and type them: in their own time zone, and in the way of their language.

const SAME_YEAR = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
const shortly = new Intl.DateTimeFormat(undefined, SAME_YEAR);
const withYear = new Intl.DateTimeFormat(undefined, { ...SAME_YEAR, year: "numeric" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export function inWords(instant) {
  const date = new Date(instant);
  const days = daysFromToday(date);
  if (Math.abs(days) <= 1) return `${relative.format(days, "day")} ${clock.format(date)}`;
  return (date.getFullYear() === new Date().getFullYear() ? shortly : withYear).format(date);
}

function daysFromToday(date) {
  const midnight = (day) => new Date(day.getFullYear(), day.getMonth(), day.getDate());
  return Math.round((midnight(date) - midnight(new Date())) / 86_400_000);
}

// For <input type="datetime-local">, which knows neither zone nor seconds.
export function typed(instant) {
  if (!instant) return "";
  const date = new Date(instant);
  const local = new Date(date - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

export function fromTyped(text) {
  return text ? new Date(text).toISOString() : null;
}

export function endOfDay(daysAhead) {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + daysAhead + 1).toISOString();
}
