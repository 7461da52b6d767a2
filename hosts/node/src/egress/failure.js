// Why there is no answer: an `http-error` of the contract.

export class HttpFailure extends Error {
  /**
   * @param {string} tag case of `http.failure` @param {any} val its value, `undefined` where it has none
   * @param {string} message for engineers, without the query of the URL @param {boolean} reached whether the server may have seen it
   */
  constructor(tag, val, message, reached) {
    super(message);
    this.tag = tag;
    this.val = val;
    this.reached = reached;
  }

  /** As jco wants it. */
  record() {
    const failure = this.val === undefined ? { tag: this.tag } : { tag: this.tag, val: this.val };
    return { failure, message: this.message, mayHaveReachedServer: this.reached };
  }
}

/** @param {string} message */
export const invalidRequest = (message) => new HttpFailure('other', 'invalid-request', message, false);

/** @param {string | undefined} option what the operator has to set, absent where none would admit it @param {string} message */
export const denied = (option, message) => new HttpFailure('denied', option, message, false);
