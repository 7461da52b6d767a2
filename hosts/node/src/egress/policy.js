// The decision whether a request may be sent, and where to. Pure. In this order, and the first refusal is the answer: sizes; the URL;
// the destination is needed by the configuration and admitted by the operator; an address is public or written by the operator;
// method, headers and body.

import { isIP } from 'node:net';

import { classOf } from './address.js';
import { admittingOption, isLoopback, isSame, readUrl, written } from './destination.js';
import { denied, invalidRequest } from './failure.js';

/** @typedef {import('./destination.js').Destination} Destination */
/** @typedef {import('./destination.js').AllowEntry} AllowEntry */

/**
 * A request that passed.
 * @typedef {object} Checked
 * @property {string} method
 * @property {URL} url
 * @property {[string, string][]} headers
 * @property {Buffer} body
 * @property {Destination} destination
 * @property {boolean} hostIsWritten whether the operator wrote that very host, so that it may have an address that is not public
 * @property {'text' | 'bytes'} expect
 * @property {number} timeoutMs
 * @property {number | undefined} maxBytes
 * @property {number} unsent bytes of a body that stayed with the component, since the call may not send so many
 */

const MAX_URL = 8 * 1024;
const MAX_BODY = 32 * 1024 * 1024;
const MAX_HEADERS = 64;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_METHOD = 32;
const DEFAULT_TIMEOUT_MS = 10_000;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Headers that only the host sets: whoever sets them could smuggle a request into a kept connection. */
const HOST_HEADERS = new Set([
  'host', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'te', 'trailer', 'expect',
  'accept-encoding', 'http2-settings',
]);

/** What one tenant's element may reach. */
export class Policy {
  /**
   * @param {Destination[]} needed by the configuration @param {AllowEntry[]} operator what he admits of it
   * @param {boolean} allowNeeded whether he admits all of it that is public and over https besides
   */
  constructor(needed, operator, allowNeeded) {
    this.needed = needed;
    this.operator = operator;
    this.allowNeeded = allowNeeded;
  }

  /**
   * Turns a request of a component into one that may be sent.
   * @param {any} request as jco gives it @returns {Checked}
   */
  check(request) {
    const unsent = request.body?.tag === 'unsent' ? request.body.val : 0;
    const body = unsent > 0 ? Buffer.alloc(0) : contentOf(request.body);
    const headerBytes = request.headers.reduce((/** @type {number} */ sum, /** @type {any} */ { name, value }) =>
      sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
    for (const [what, size, most] of /** @type {[string, number, number][]} */ ([
      ['bytes of method', Buffer.byteLength(request.method), MAX_METHOD], ['bytes of url', Buffer.byteLength(request.url), MAX_URL],
      ['headers', request.headers.length, MAX_HEADERS], ['bytes of headers', headerBytes, MAX_HEADER_BYTES],
      ['bytes of body', body.length + unsent, MAX_BODY],
    ])) {
      if (size > most) throw invalidRequest(`the request has ${size} ${what}, at most ${most} are possible`);
    }
    const { url, destination } = readUrl(request.url);
    const hostIsWritten = this.admit(destination);
    if (!TOKEN.test(request.method)) throw invalidRequest('the method is not an HTTP token');
    if (request.method === 'CONNECT' || request.method === 'TRACE') {
      throw invalidRequest(`the method ${request.method} is not available to components`);
    }
    const headers = request.headers.map(header);
    return {
      method: request.method, url, headers, body, destination, hostIsWritten, expect: request.expect,
      timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      maxBytes: request.maxBytes === undefined ? undefined : Number(request.maxBytes), unsent,
    };
  }

  /** Whether the operator wrote that very host. @param {Destination} destination */
  admit(destination) {
    if (!this.needed.some((needed) => isSame(needed, destination))) {
      // Not asked for: whoever adds it to the configuration hears then what the operator has to do.
      throw denied(undefined, `${written(destination)} is not among the hosts this configuration needs`);
    }
    const option = admittingOption(destination);
    const refuse = (/** @type {string} */ what) =>
      denied(option, `${written(destination)} is denied: ${what} is not allowed by the operator; ${option} would admit it`);
    const byItself = this.allowNeeded && (destination.scheme === 'https' || isLoopback(destination));
    if (!byItself && !this.operator.some((entry) => entry.admits(destination))) {
      throw refuse(destination.scheme === 'http' && !isLoopback(destination) ? 'plain http that leaves this machine' : 'the destination');
    }
    const hostIsWritten = this.operator.some((entry) => entry.names(destination));
    if (isIP(destination.host) !== 0 && classOf(destination.host) !== 'public' && !hostIsWritten) {
      throw refuse('an address that is not public');
    }
    return hostIsWritten;
  }
}

/** @param {{ name: string, value: string }} header @returns {[string, string]} */
function header({ name, value }) {
  const lower = name.toLowerCase();
  if (!TOKEN.test(name)) throw invalidRequest(`the header name ${JSON.stringify(name)} is not an HTTP token`);
  if (HOST_HEADERS.has(lower) || lower.startsWith('proxy-')) {
    throw invalidRequest(`the header ${lower} belongs to the host; remove it from the request`);
  }
  if (!/^[\t\u0020-\u007e]*$/.test(value)) {
    throw invalidRequest(`the value of header ${lower} contains a line break, a control character or text outside ASCII`);
  }
  return [name, value];
}

/** The bytes of a body. @param {any} body @returns {Buffer} */
export function contentOf(body) {
  if (body === undefined) return Buffer.alloc(0);
  if (body.tag === 'text') return Buffer.from(body.val, 'utf8');
  if (body.tag === 'bytes') return Buffer.from(body.val);
  const padding = body.val.endsWith('==') ? 2 : body.val.endsWith('=') ? 1 : 0;
  // Looks for a sign that must not be there: a pattern for the whole text runs out of stack at some megabytes.
  if (body.val.length % 4 !== 0 || /[^A-Za-z0-9+/]/.test(body.val.slice(0, body.val.length - padding))) throw invalidRequest('the body is no base64');
  return Buffer.from(body.val, 'base64');
}
