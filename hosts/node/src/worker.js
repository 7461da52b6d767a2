// A thread that serves the calls of one element, one after the other, each in an instance of its own. Imports are synchronous: storage is
// asked here, and for HTTP the thread parks until the main thread has the answers.

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

import { LIMIT, limited } from './budget.js';
import { contract } from './lent.js';
import { boundLifting } from './lifted.js';
import { LOG_LINES, MAX_INSTANCES, MAX_MEMORIES } from './limits.js';
import { SqliteStore } from './storage/sqlite.js';
import { Exit, wasi } from './wasi.js';

// Node 20 has no JSPI. The generated code asks for it once for each export and catches what is thrown, which costs 150 ms an instance.
// Exports are synchronous here, so a function is its own promising form.
/** @type {any} */ (WebAssembly).promising ??= (/** @type {Function} */ export_) => export_;

/**
 * @typedef {object} Setup
 * @property {string} code @property {Record<string, WebAssembly.Module>} modules @property {Record<string, number>} memories that each defines
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
const names = new Map(Object.entries(setup.modules).map(([name, module]) => [module, name]));
let liftable = 0;
const lifting = boundLifting(() => liftable);
const mine = store.of(setup.scope.tenant, setup.scope.element);

port.on('message', (/** @type {Call} */ call) => port.postMessage({ done: serve(call) }));
port.postMessage({ ready: true });

/** What came of a call: `{ value }`, `{ error }` of the contract, or `{ ended, message }`. @param {Call} call @returns {any} */
function serve(call) {
  liftable = call.limits.memory;
  lifting.reset();
  /** @type {string[]} */
  const output = [];
  const budget = { hostCalls: call.limits.host_calls, logBytes: call.limits.log_bytes, logLines: LOG_LINES, requests: call.limits.requests, bytesIn: call.limits.bytes_in, bytesOut: call.limits.bytes_out };
  /** @type {WebAssembly.Memory | undefined} */
  let memory;
  let instances = 0;
  let memories = 0;
  const instance = (/** @type {WebAssembly.Module} */ module, /** @type {WebAssembly.Imports} */ imports) => {
    // A component may instantiate a module again and again.
    instances += 1;
    memories += setup.memories[names.get(module) ?? ''] ?? 0;
    if (instances > MAX_INSTANCES || memories > MAX_MEMORIES) throw new Error(`it makes more than ${MAX_INSTANCES} core instances or ${MAX_MEMORIES} memories`);
    const made = new WebAssembly.Instance(module, imports);
    if (made.exports.memory instanceof WebAssembly.Memory) memory = made.exports.memory;
    return made;
  };
  const lent = {
    ...wasi({ now, deadline: call.deadline, output }),
    ...contract(call, budget, { storage: mine, asked, log: (line) => port.postMessage({ line }), memory: () => memory?.buffer.byteLength ?? 0 }),
  };
  try {
    const exports = instantiate((/** @type {string} */ name) => setup.modules[name], limited(lent, budget, lifting.reset), instance);
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
