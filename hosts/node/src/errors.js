// What a caller of this package may catch.

/** An error that the element answered: a record of the contract. `reason` says what to do; messages are for people. */
export class OrganisationError extends Error {
  /** @param {string} call @param {Record<string, any>} error a `types.error` in JSON */
  constructor(call, error) {
    super(error.message);
    this.name = 'OrganisationError';
    this.call = call;
    /** The kebab-case name of the case, such as `invalid-config`. @type {string} */
    this.reason = typeof error.reason === 'string' ? error.reason : Object.keys(error.reason)[0];
    /** The whole record. */
    this.error = error;
    /** @type {string | null} */
    this.hint = error.hint ?? null;
  }
}

/** A call without an answer: a limit ended it, or the component broke off. The next call begins with nothing of it. */
export class CallEnded extends Error {
  /** @param {string} call @param {string} ended a figure of `call.budget` such as `wall-ms`, or `trap` @param {string} message */
  constructor(call, ended, message) {
    super(`${call} was ended: ${message}`);
    this.name = 'CallEnded';
    this.call = call;
    this.ended = ended;
  }
}

/** The host cannot run this component or this configuration. */
export class HostError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'HostError';
  }
}
