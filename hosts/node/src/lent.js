// The contract's imports for one call: storage and audit as they are, `http` by way of the main thread. A pure function gets none of them.

import { exceeded } from './budget.js';
import { LOG_FIELD_BYTES, MAX_BATCH } from './limits.js';
import { StorageError } from './storage/rules.js';

/**
 * What a call is lent, besides its answer.
 * @typedef {object} Means
 * @property {import('./storage/sqlite.js').ElementStore} storage
 * @property {(question: { requests: any[] }) => any} asked the main thread's answer
 * @property {(line: { level: string, message: string, fields: { name: string, value: string }[] }) => void} log
 * @property {() => number} memory bytes in use
 */

/** The contract's imports for one call. @param {import('./worker.js').Call} call @param {any} budget @param {Means} means */
export function contract(call, budget, { storage: mine, asked, log, memory }) {
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
    if (call.isPure) return requests.map(() => ({ tag: 'err', val: { failure: { tag: 'denied', val: undefined }, message: 'this function is pure and has no network', mayHaveReachedServer: false } }));
    if (requests.length > MAX_BATCH) throw exceeded('batch-requests', `${requests.length} requests in one batch, at most ${MAX_BATCH} are possible`);
    const { results, budget: rest, broken } = asked({ requests: carried(requests, budget.bytesOut) });
    if (broken !== undefined) throw new Error(broken);
    Object.assign(budget, rest);
    return results;
  };
  return {
    'lowcode:organisation/settings': { get: () => (call.isPure ? '' : call.settings) },
    'lowcode:organisation/call': {
      remaining: () => ({
        wallMs: BigInt(left()), cpuMs: (1n << 64n) - 1n, memory: BigInt(Math.max(0, limits.memory - memory())), requests: budget.requests,
        bytesIn: BigInt(budget.bytesIn), bytesOut: BigInt(budget.bytesOut), hostCalls: BigInt(budget.hostCalls), logBytes: BigInt(budget.logLines === 0 ? 0 : budget.logBytes),
        parallelism: limits.parallelism, largestResponse: BigInt(limits.largest_response),
      }),
    },
    'lowcode:organisation/log': {
      write: (/** @type {string} */ level, /** @type {string} */ message, /** @type {{ name: string, value: string }[]} */ fields) => {
        const bytes = fields.reduce((sum, { name, value }) => sum + LOG_FIELD_BYTES + Buffer.byteLength(name) + Buffer.byteLength(value), Buffer.byteLength(message));
        if (call.isPure || bytes > budget.logBytes || budget.logLines === 0) return;
        budget.logBytes -= bytes;
        budget.logLines -= 1;
        // At once, so that it is there also where the call is ended.
        log({ level, message, fields });
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
    'lowcode:organisation/audit': { append: call.isPure ? refuse : (/** @type {any} */ entries) => { mine.append(entries); } },
    'lowcode:organisation/types': {},
  };
}

/**
 * The requests as the main thread gets them: a body beyond what the call may still send stays here, and only its size is told. A
 * component may name the same bytes in each request of a batch, and the main thread would hold every copy.
 * @param {any[]} requests @param {number} bytesOut
 */
function carried(requests, bytesOut) {
  let left = bytesOut;
  return requests.map((request) => {
    if (request.body === undefined) return request;
    const size = sizeOf(request.body);
    if (size > left) return { ...request, body: { tag: 'unsent', val: size } };
    left -= size;
    return request;
  });
}

/** @param {{ tag: string, val: any }} body */
function sizeOf({ tag, val }) {
  if (tag === 'bytes') return val.length;
  return tag === 'base64' ? Buffer.byteLength(val, 'base64') : Buffer.byteLength(val);
}

const refuse = () => { throw new StorageError('other', 'this function is pure and has no storage'); };

/** A storage that is not lent. */
function nothing() {
  return { getMany: refuse, scan: refuse, scanKeys: refuse, apply: refuse, deleteRange: refuse, wait: refuse };
}
