// A clock that stands still until a test moves it, for component and store alike.

export class ManualClock {
  /** @param {number} now milliseconds since 1970 */
  constructor(now) {
    this.buffer = new SharedArrayBuffer(8);
    this.cell = new BigInt64Array(this.buffer);
    Atomics.store(this.cell, 0, BigInt(now));
  }

  /** @param {number} milliseconds */
  advance(milliseconds) {
    Atomics.add(this.cell, 0, BigInt(milliseconds));
  }
}
