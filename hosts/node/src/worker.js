// A thread that serves the calls of one element, one after the other, each in an instance of its own. Imports are synchronous: storage is
// asked here, and for HTTP the thread parks until the main thread has the answers.

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

import { LIMIT, exceeded, limited } from './budget.js';
import { MAX_BATCH } from './limits.js';
import { SqliteStore } from './storage/sqlite.js';
import { StorageError } from './storage/rules.js';
import { Exit, wasi } from './wasi.js';

// Node 20 has no JSPI. The generated code asks for it once for each export and catches what is thrown, which costs 150 ms an instance.
// Exports are synchronous here, so a function is its own promising form.
/** @type {any} */ (WebAssembly).promising ??= (/** @type {Function} */ export_) => export_;

/**
 * @typedef {object} Setup
 * @property {string} code @property {Record<string, WebAssembly.Module>} modules
 * @property {{ file: string, key: Uint8Array }} storage @property {{ tenant: string, element: string }} scope
 * @property {SharedArrayBuffer | null} clock milliseconds since 1970, where a test holds the clock
 * @property {import('node:worker_threads').MessagePort} http @property {SharedArrayBuffer} signal
 */

/**
 * @typedef {object} Call
 * @property {string} interface @property {string} function @property {any[]} arguments as jco wants them
 * @property {boolean} isPure whether nothing is lent @property {string} settings
 * @property {import('./limits.js').Limits} limits @property {number} deadline milliseconds since 1970
 */

/** @type {Setup} */
const setup = workerData;
const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
const signal = new Int32Array(setup.signal);
const held = setup.clock === null ? null : new BigInt64Array(setup.clock);
const now = held === null ? Date.now : () => Number(Atomics.load(held, 0));
const { instantiate } = await import(setup.code);
const store = new SqliteStore(setup.storage.file, Buffer.from(setup.storage.key), now);
const mine = store.of(setup.scope.tenant, setup.scope.element);

port.on('message', (/** @type {Call} */ call) => port.postMessage({ done: serve(call) }));
port.postMessage({ ready: true });

/** What came of a call: `{ value }`, `{ error }` of the contract, or `{ ended, message }`. @param {Call} call @returns {any} */
function serve(call) {
  /** @type {string[]} */
  const output = [];
  const budget = { hostCalls: call.limits.host_calls, logBytes: call.limits.log_bytes, requests: call.limits.requests, bytesIn: call.limits.bytes_in, bytesOut: call.limits.bytes_out };
  /** @type {WebAssembly.Memory | undefined} */
  let memory;
  const instance = (/** @type {WebAssembly.Module} */ module, /** @type {WebAssembly.Imports} */ imports) => {
    const made = new WebAssembly.Instance(module, imports);
    if (made.exports.memory instanceof WebAssembly.Memory) memory = made.exports.memory;
    return made;
  };
  const lent = {
    ...wasi({ now, deadline: call.deadline, output }),
    ...contract(call, budget, () => memory?.buffer.byteLength ?? 0),
  };
  try {
    const exports = instantiate((/** @type {string} */ name) => setup.modules[name], limited(lent, budget), instance);
    return { value: exports[call.interface][call.function](...call.arguments) };
  } catch (error) {
    // What `validate-config` says may hold the secrets that it was given.
    return failed(error, output.join(''), call.isPure);
  }
}

/** @param {any} error @param {string} words what the component said on its standard streams @param {boolean} isSilent whether they are kept back */
function failed(error, words, isSilent) {
  // The error of a `result` is thrown as the record that it is.
  if (!(error instanceof Error)) return { error };
  if (/** @type {any} */ (error)[LIMIT] !== undefined) return { ended: /** @type {any} */ (error)[LIMIT], message: error.message };
  if (error instanceof Exit) return { ended: 'trap', message: error.message };
  if (error instanceof RangeError && /call stack/i.test(error.message)) return { ended: 'stack-bytes', message: 'its stack is used up' };
  // The words of Rust's standard library, before it gives up.
  if (/^memory allocation of \d+ bytes failed/m.test(words)) return { ended: 'memory-bytes', message: 'an allocation is above the limit memory' };
  return { ended: 'trap', message: [isSilent ? '' : words.trim(), error.message].filter((part) => part !== '').join('; ') };
}

/** The contract's imports for one call. @param {Call} call @param {any} budget @param {() => number} memory bytes in use */
function contract(call, budget, memory) {
  const { limits } = call;
  const left = () => Math.max(0, call.deadline - Date.now());
  const storage = call.isPure ? nothing() : {
    getMany: (/** @type {any} */ keys) => mine.getMany(keys),
    scan: (/** @type {any[]} */ ...asked) => mine.scan(asked[0], asked[1], asked[2]),
    scanKeys: (/** @type {any[]} */ ...asked) => mine.scanKeys(asked[0], asked[1], asked[2]),
    apply: (/** @type {any} */ ops) => mine.apply(ops),
    deleteRange: (/** @type {any[]} */ ...asked) => mine.deleteRange(asked[0], asked[1]),
    wait: (/** @type {any[]} */ ...asked) => mine.wait(asked[0], asked[1], Math.min(asked[2], left())),
  };
  const sendAll = (/** @type {any[]} */ requests) => {
    if (requests.length === 0) return [];
    if (call.isPure) return requests.map(() => ({ tag: 'err', val: { failure: { tag: 'denied', val: '' }, message: 'this function is pure and has no network', mayHaveReachedServer: false } }));
    if (requests.length > MAX_BATCH) throw exceeded('batch-requests', `${requests.length} requests in one batch, at most ${MAX_BATCH} are possible`);
    const { results, budget: rest, broken } = asked({ requests });
    if (broken !== undefined) throw new Error(broken);
    Object.assign(budget, rest);
    return results;
  };
  return {
    'lowcode:organisation/settings': { get: () => (call.isPure ? '' : call.settings) },
    'lowcode:organisation/call': {
      remaining: () => ({
        wallMs: BigInt(left()), cpuMs: (1n << 64n) - 1n, memory: BigInt(Math.max(0, limits.memory - memory())), requests: budget.requests,
        bytesIn: BigInt(budget.bytesIn), bytesOut: BigInt(budget.bytesOut), hostCalls: BigInt(budget.hostCalls), logBytes: BigInt(budget.logBytes),
        parallelism: limits.parallelism, largestResponse: BigInt(limits.largest_response),
      }),
    },
    'lowcode:organisation/log': {
      write: (/** @type {string} */ level, /** @type {string} */ message, /** @type {{ name: string, value: string }[]} */ fields) => {
        const bytes = fields.reduce((sum, { name, value }) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), Buffer.byteLength(message));
        if (call.isPure || bytes > budget.logBytes) return;
        budget.logBytes -= bytes;
        // At once, so that it is there also where the call is ended.
        port.postMessage({ line: { level, message, fields } });
      },
    },
    'lowcode:organisation/http': {
      send: (/** @type {any} */ request) => {
        const [{ tag, val }] = sendAll([request]);
        if (tag === 'err') throw { payload: val };
        return val;
      },
      sendAll,
    },
    'lowcode:organisation/storage': storage,
    'lowcode:organisation/audit': { append: (/** @type {any} */ entries) => { mine.append(entries); } },
    'lowcode:organisation/types': {},
  };
}

/** A storage that is not lent. */
function nothing() {
  const refuse = () => { throw new StorageError('other', 'this function is pure and has no storage'); };
  return { getMany: refuse, scan: refuse, scanKeys: refuse, apply: refuse, deleteRange: refuse, wait: refuse };
}

/** Asks the main thread and parks until it has answered. @param {any} question @returns {any} */
function asked(question) {
  const before = Atomics.load(signal, 0);
  setup.http.postMessage(question);
  for (;;) {
    const answer = receiveMessageOnPort(setup.http);
    if (answer !== undefined) return answer.message;
    Atomics.wait(signal, 0, before);
  }
}
