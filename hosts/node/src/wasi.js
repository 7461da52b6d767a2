// What a component is lent of WASI 0.2: clocks and randomness as they are, everything else empty (`wit/world.wit`).

import { randomFillSync } from 'node:crypto';

import { countMethods } from './budget.js';

/** The component called `exit`: the call has no answer. */
export class Exit extends Error {}

/** Bytes of standard output and error that are kept, such as the words of a panic. */
const KEPT_OUTPUT = 4 * 1024;
const MAX_RANDOM = 64 * 1024;

class Pollable {
  /** @param {number} [until] milliseconds since 1970, when it is ready; at once by default */
  constructor(until = 0) { this.until = until; }

  ready() { return isReady(this); }

  block() { park(this); }
}

/** @param {Pollable} pollable */
const isReady = ({ until }) => Date.now() >= until;

/** @param {Pollable} pollable */
function park({ until }) {
  const left = until - Date.now();
  if (left > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, left);
}

class IoError {
  toDebugString() { return 'closed'; }
}

const closed = () => { throw { payload: { tag: 'closed' } }; };

class InputStream {
  read() { return closed(); }

  blockingRead() { return closed(); }

  skip() { return closed(); }

  blockingSkip() { return closed(); }

  subscribe() { return new Pollable(); }
}

class OutputStream {
  /** @param {(bytes: Uint8Array) => void} take */
  constructor(take) { this.take = take; }

  checkWrite() { return 1n << 20n; }

  /** @param {Uint8Array} bytes */
  write(bytes) { this.take(bytes); }

  /** @param {Uint8Array} bytes */
  blockingWriteAndFlush(bytes) { this.take(bytes); }

  flush() {}

  blockingFlush() {}

  writeZeroes() {}

  blockingWriteZeroesAndFlush() {}

  splice() { return closed(); }

  blockingSplice() { return closed(); }

  subscribe() { return new Pollable(); }
}

class TerminalInput {}

class TerminalOutput {}

countMethods(Pollable, IoError, InputStream, OutputStream);

/** @param {bigint} length */
function random(length) {
  if (length > MAX_RANDOM) throw new RangeError(`${length} random bytes are asked for at once, at most ${MAX_RANDOM} are given`);
  return randomFillSync(new Uint8Array(Number(length)));
}

const randomNumber = () => new DataView(random(8n).buffer).getBigUint64(0);

/**
 * The interfaces by their names without version, for one call.
 * @param {{ now: () => number, deadline: number, output: string[] }} call what its standard streams say is added to `output`
 */
export function wasi({ now, deadline, output }) {
  /** Ready after so many nanoseconds, and at the latest when the call ends. @param {bigint} nanoseconds */
  const timer = (nanoseconds) => new Pollable(Math.min(Date.now() + Number(nanoseconds / 1_000_000n), deadline));
  let kept = 0;
  const stream = new OutputStream((bytes) => {
    if (kept >= KEPT_OUTPUT) return;
    output.push(Buffer.from(bytes).toString('utf8', 0, KEPT_OUTPUT - kept));
    kept += bytes.length;
  });
  return {
    'wasi:clocks/wall-clock': {
      now: () => ({ seconds: BigInt(Math.floor(now() / 1_000)), nanoseconds: (now() % 1_000) * 1_000_000 }),
      resolution: () => ({ seconds: 0n, nanoseconds: 1_000_000 }),
    },
    'wasi:clocks/monotonic-clock': {
      now: () => process.hrtime.bigint(),
      resolution: () => 1n,
      subscribeDuration: timer,
      subscribeInstant: (/** @type {bigint} */ instant) => {
        const left = instant - process.hrtime.bigint();
        return timer(left > 0n ? left : 0n);
      },
    },
    'wasi:random/random': { getRandomBytes: random, getRandomU64: randomNumber },
    'wasi:random/insecure': { getInsecureRandomBytes: random, getInsecureRandomU64: randomNumber },
    'wasi:random/insecure-seed': { insecureSeed: () => [randomNumber(), randomNumber()] },
    'wasi:io/error': { Error: IoError },
    'wasi:io/poll': {
      Pollable,
      poll: (/** @type {Pollable[]} */ list) => {
        const ready = () => Uint32Array.from(list.keys()).filter((index) => isReady(list[index]));
        if (ready().length === 0) park(list.reduce((first, one) => (one.until < first.until ? one : first)));
        return ready();
      },
    },
    'wasi:io/streams': { InputStream, OutputStream },
    'wasi:cli/environment': { getEnvironment: () => [], getArguments: () => [], initialCwd: () => undefined },
    'wasi:cli/exit': { exit: () => { throw new Exit('it called exit'); } },
    'wasi:cli/stdin': { getStdin: () => new InputStream() },
    'wasi:cli/stdout': { getStdout: () => stream },
    'wasi:cli/stderr': { getStderr: () => stream },
    'wasi:cli/terminal-input': { TerminalInput },
    'wasi:cli/terminal-output': { TerminalOutput },
    'wasi:cli/terminal-stdin': { getTerminalStdin: () => undefined },
    'wasi:cli/terminal-stdout': { getTerminalStdout: () => undefined },
    'wasi:cli/terminal-stderr': { getTerminalStderr: () => undefined },
  };
}
