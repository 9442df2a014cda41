// What can come of a request but an answer: a refusal, no session any more, nobody there.

export class Refused extends Error {
  constructor(status, message, faults = {}) {
    super(message);
    this.status = status;
    this.faults = faults; // field -> sentences
  }

  static async from(answer) {
    const problem = await answer.json().catch(() => ({}));
    const wait = answer.headers.get("Retry-After");
    const when = wait ? ` Try again in ${wait} seconds.` : "";
    return new Refused(
      answer.status,
      (problem.message ?? `The server answered ${answer.status}.`) + when,
      problem.errors,
    );
  }
}

export class SessionEnded extends Error {
  constructor() {
    super("Your session has ended. Log in again.");
  }
}

export class Unreachable extends Error {
  constructor() {
    super(navigator.onLine ? "The server can't be reached." : "You are offline.");
  }
}
