// The threads of one element. A thread is used again after a call that came to an end, by the same element alone, and is gone after one
// that was ended: so nothing that a component did to its thread outlives it.

import { MessageChannel, Worker } from 'node:worker_threads';

import { CallEnded } from './errors.js';
import { GRACE_MS } from './limits.js';

/** Threads that wait for the next call. */
const IDLE = 4;
/** Calls of one element at the same time; further ones wait, and their time runs. */
const PARALLEL = 16;
/** MiB of JavaScript's own memory, in which answers lie; linear memory has its limit in the module. */
const HEAP_MIB = 256;
const STACK_MIB = 4;

/** @typedef {Omit<import('./worker.js').Setup, 'http' | 'signal'>} Setup */
/** @typedef {(requests: any[]) => Promise<{ results: any[], budget: object }>} Ask sends requests of a call */
/** @typedef {(line: { level: string, message: string, fields: { name: string, value: string }[] }) => void} Log */

class Thread {
  /** @param {Setup} setup */
  constructor(setup) {
    const { port1, port2 } = new MessageChannel();
    const signal = new SharedArrayBuffer(4);
    this.signal = new Int32Array(signal);
    this.http = port1;
    this.worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: { ...setup, http: port2, signal }, transferList: [port2], env: {}, stdin: false,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, stackSizeMb: STACK_MIB },
    });
    this.http.unref();
    this.worker.unref();
  }

  /**
   * Serves one call.
   * @param {import('./worker.js').Call} call @param {Ask} ask @param {Log} log @returns {Promise<any>} as `serve` of `worker.js`
   */
  async serve(call, ask, log) {
    const { worker, http, signal } = this;
    http.removeAllListeners('message');
    http.on('message', async ({ requests }) => {
      // A defect of this host ends the call that met it, and no other.
      http.postMessage(await ask(requests).catch((error) => ({ broken: `the host could not send: ${error.message}` })));
      Atomics.add(signal, 0, 1);
      Atomics.notify(signal, 0);
    });
    http.unref();
    worker.ref();
    try {
      return await new Promise((done, fail) => {
        const end = (/** @type {any} */ outcome) => { clearTimeout(timer); done(outcome); };
        const timer = setTimeout(() => end({ ended: 'wall-ms', message: `the limit wall-ms is ${call.limits.wall_ms}` }), call.deadline + GRACE_MS - Date.now());
        worker.removeAllListeners();
        worker.on('message', (message) => {
          if (message.line !== undefined) log(message.line);
          if (message.done !== undefined) end(message.done);
        });
        worker.on('error', (error) => {
          if (/** @type {any} */ (error).code === 'ERR_WORKER_OUT_OF_MEMORY') return end({ ended: 'heap-bytes', message: 'its answers do not fit into the memory of a thread' });
          clearTimeout(timer);
          return fail(error);
        });
        worker.on('exit', () => end({ ended: 'trap', message: 'its thread ended' }));
        worker.postMessage(call);
      });
    } finally {
      worker.unref();
    }
  }

  async end() {
    this.worker.removeAllListeners();
    this.worker.on('error', () => {});
    this.http.close();
    await this.worker.terminate();
  }
}

export class Threads {
  /** @param {() => Promise<Setup>} setup */
  constructor(setup) {
    this.setup = setup;
    /** @type {Thread[]} */
    this.idle = [];
    /** @type {(() => void)[]} */
    this.waiting = [];
    this.running = 0;
    this.isClosed = false;
  }

  /**
   * @param {import('./worker.js').Call} call @param {Ask} ask @param {Log} log
   * @returns {Promise<{ value: any } | { error: any }>}
   */
  async call(call, ask, log) {
    if (this.running === PARALLEL) await new Promise((done) => { this.waiting.push(() => done(undefined)); });
    else this.running += 1;
    try {
      return await this.serve(call, ask, log);
    } finally {
      // The place goes to whoever waits longest.
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }

  /** @param {import('./worker.js').Call} call @param {Ask} ask @param {Log} log @returns {Promise<any>} */
  async serve(call, ask, log) {
    const thread = this.idle.pop() ?? new Thread(await this.setup());
    let outcome;
    try {
      outcome = await thread.serve(call, ask, log);
    } catch (error) {
      await thread.end();
      throw error;
    }
    if (outcome.ended === undefined && !this.isClosed && this.idle.length < IDLE) this.idle.push(thread);
    else await thread.end();
    if (outcome.ended !== undefined) throw new CallEnded(`${call.interface}.${call.function}`, outcome.ended, outcome.message);
    return outcome;
  }

  /** Ends the threads that wait; the others end with their calls. */
  async close() {
    this.isClosed = true;
    await Promise.all(this.idle.splice(0).map((thread) => thread.end()));
  }
}
