// What one call may use. The names are those of `call.budget`; `wall_ms` ends a call, the others refuse a request or end it.

/**
 * @typedef {object} Limits
 * @property {number} wall_ms until `http` and `storage.wait` end; the call itself is ended a second later
 * @property {number} memory bytes of each linear memory, of which a component has one or two
 * @property {number} requests HTTP requests, also those that fail
 * @property {number} bytes_in bytes of HTTP answers, decompressed or as sent where that is more
 * @property {number} bytes_out bytes of HTTP requests
 * @property {number} host_calls calls of imports, those of WASI included
 * @property {number} log_bytes bytes of log lines that are kept
 * @property {number} parallelism HTTP requests at the same time
 * @property {number} largest_response bytes of the largest answer
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** @type {Readonly<Limits>} */
export const DEFAULT_LIMITS = Object.freeze({
  wall_ms: 60_000,
  memory: 128 * MIB,
  requests: 500,
  bytes_in: 256 * MIB,
  bytes_out: 32 * MIB,
  host_calls: 200_000,
  log_bytes: 256 * KIB,
  parallelism: 16,
  largest_response: 16 * MIB,
});

/** From the end of `http` and `storage.wait` to the end of the call, so that a component can write down how far it came. */
export const GRACE_MS = 1_000;

/** Core modules of a component, and their instances in one call. */
export const MAX_INSTANCES = 64;

/** Linear memories of one call; each has the limit `memory`. */
export const MAX_MEMORIES = 2;

/** Log lines of one call, however short, and bytes that a field counts beside its texts. */
export const LOG_LINES = 1_000;
export const LOG_FIELD_BYTES = 16;

/** The most requests of one `send-all`. */
export const MAX_BATCH = 1_000;
