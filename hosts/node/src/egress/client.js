// Sends what the policy admitted: to an address that was checked, without redirects and cookies, each answer capped while it arrives.

import { lookup as resolve } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { createGunzip } from 'node:zlib';

import { classOf } from './address.js';
import { admittingOption, written } from './destination.js';
import { HttpFailure, denied } from './failure.js';

/** @typedef {import('./policy.js').Checked} Checked */
/** @typedef {import('../secrets/injector.js').Injector} Injector */
/** @typedef {{ status: number, headers: { name: string, value: string }[], body: Buffer }} Answer */

const USER_AGENT = 'organisation-host/0.1';
const CONNECTIONS = 16;
const MAX_HEAD = 64 * 1024;

/** What a call may still send and take in. Shared by the requests of a batch. */
export class Allowance {
  /** @param {import('../limits.js').Limits} limits @param {number} deadline milliseconds since 1970 */
  constructor(limits, deadline) {
    this.requests = limits.requests;
    this.bytesIn = limits.bytes_in;
    this.bytesOut = limits.bytes_out;
    this.largest = limits.largest_response;
    this.parallelism = limits.parallelism;
    this.deadline = deadline;
  }
}

/** The connections of one element; nobody else's requests go over them. */
export class Client {
  constructor() {
    const options = { keepAlive: true, maxSockets: CONNECTIONS, maxFreeSockets: CONNECTIONS, timeout: 30_000 };
    this.agents = { http: new http.Agent(options), https: new https.Agent({ ...options, minVersion: 'TLSv1.2' }) };
  }

  close() {
    this.agents.http.destroy();
    this.agents.https.destroy();
  }

  /**
   * Sends one request and reads the whole answer.
   * @param {Checked} checked @param {Injector} secrets @param {Allowance} allowance @returns {Promise<Answer>}
   */
  async send(checked, secrets, allowance) {
    const bytes = checked.method.length + checked.url.href.length + checked.body.length
      + checked.headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    if (checked.unsent > 0 || bytes > allowance.bytesOut) throw new HttpFailure('budget-exhausted', undefined, 'bytes-out are used up', false);
    allowance.bytesOut -= bytes;
    const filled = secrets.fill(checked);
    const left = allowance.deadline - Date.now();
    if (left <= 0) throw new HttpFailure('timeout', undefined, 'the time of the call is used up', false);
    return secrets.redact(await this.exchange(filled, allowance, Math.min(checked.timeoutMs, left)));
  }

  /** @param {Checked} request @param {Allowance} allowance @param {number} timeoutMs @returns {Promise<Answer>} */
  exchange(request, allowance, timeoutMs) {
    const { destination, url, method, body } = request;
    const place = `${written(destination)}${url.pathname}`;
    const most = Math.min(allowance.largest, request.maxBytes ?? allowance.largest);
    const library = destination.scheme === 'https' ? https : http;
    return new Promise((done, fail) => {
      let sent = false;
      let isLate = false;
      const headers = request.headers.flat();
      const has = (/** @type {string} */ name) => request.headers.some(([other]) => other.toLowerCase() === name);
      if (!has('user-agent')) headers.push('user-agent', USER_AGENT);
      headers.push('host', url.host, 'accept-encoding', 'gzip', 'content-length', String(body.length));
      if (body.length === 0 && ['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method)) headers.splice(-2);
      const asked = library.request({
        agent: this.agents[destination.scheme], method, headers, path: `${url.pathname}${url.search}`,
        host: destination.host, port: destination.port, servername: isIP(destination.host) === 0 ? destination.host : '',
        lookup: checkedLookup(request), maxHeaderSize: MAX_HEAD, setHost: false,
      });
      const timer = setTimeout(() => {
        isLate = true;
        asked.destroy(new Error('late'));
      }, timeoutMs);
      const failed = (/** @type {any} */ error) => {
        clearTimeout(timer);
        if (isLate) return fail(new HttpFailure('timeout', undefined, `no whole answer of ${place} in ${timeoutMs} ms`, sent));
        return fail(error instanceof HttpFailure ? error : failure(error, place, sent));
      };
      asked.on('error', failed);
      asked.on('socket', (socket) => {
        const connected = () => { sent = true; };
        if (socket.connecting) socket.once(destination.scheme === 'https' ? 'secureConnect' : 'connect', connected);
        else connected();
      });
      // Another protocol than was asked for (101): Node closes the connection, and says neither that there is an answer nor an error.
      let isAnswered = false;
      asked.on('close', () => { if (!isAnswered) failed(new Error('no answer')); });
      asked.on('response', (response) => {
        isAnswered = true;
        read(response, most, allowance, place).then((answer) => {
          clearTimeout(timer);
          done(answer);
        }, (error) => {
          asked.destroy();
          failed(error);
        });
      });
      asked.end(body);
    });
  }
}

/**
 * Resolves a name and hands over only addresses that it may lead to, so that what was checked is what is connected to.
 * @param {Checked} request
 */
function checkedLookup({ destination, hostIsWritten }) {
  return (/** @type {string} */ name, /** @type {any} */ options, /** @type {Function} */ done) => {
    resolve(name, { ...options, all: true }, (error, /** @type {any[]} */ found) => {
      if (error) return done(new HttpFailure('dns', undefined, `${name} does not resolve: ${error.code}`, false));
      const admitted = found.filter(({ address }) => {
        const kind = classOf(address);
        return kind === 'public' || (kind === 'private' && hostIsWritten);
      });
      if (admitted.length === 0) {
        return done(denied(admittingOption(destination), `${name} leads to addresses that are not public`));
      }
      return options.all ? done(null, admitted) : done(null, admitted[0].address, admitted[0].family);
    });
  };
}

/** @param {any} error of Node @param {string} place @param {boolean} sent */
function failure(error, place, sent) {
  const code = String(error.code ?? '');
  if (code === 'HPE_HEADER_OVERFLOW') return new HttpFailure('too-large', BigInt(MAX_HEAD), `the head of the answer of ${place} is too large`, true);
  if (sent) return new HttpFailure('other', 'broken-answer', `the answer of ${place} broke off: ${code || error.message}`, true);
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_VERIFY|EPROTO|ALTNAME/.test(code)) {
    return new HttpFailure('tls', undefined, `no secure connection to ${place}: ${code}`, false);
  }
  return new HttpFailure('connect', undefined, `no connection to ${place}: ${code || error.message}`, false);
}

/** @param {http.IncomingMessage} response @param {number} most @param {Allowance} allowance @param {string} place @returns {Promise<Answer>} */
async function read(response, most, allowance, place) {
  const tooLarge = () => new HttpFailure('too-large', BigInt(most), `the answer of ${place} is larger than ${most} bytes`, true);
  if ((response.statusCode ?? 0) < 200) throw new HttpFailure('other', 'broken-answer', `${place} answers in another protocol`, true);
  if (Number(response.headers['content-length'] ?? 0) > most) throw tooLarge();
  const headers = pairs(response.rawHeaders);
  const encodings = headers.filter(({ name }) => name === 'content-encoding');
  const isGzip = encodings.length === 1 && ['gzip', 'x-gzip'].includes(encodings[0].value.toLowerCase());
  let counted = 0;
  const count = (/** @type {number} */ total) => {
    if (total > most) throw tooLarge();
    if (total <= counted) return;
    if (total - counted > allowance.bytesIn) throw new HttpFailure('budget-exhausted', undefined, 'bytes-in are used up', true);
    allowance.bytesIn -= total - counted;
    counted = total;
  };
  const parts = [];
  let wire = 0;
  let size = 0;
  const stream = isGzip ? response.pipe(createGunzip()) : response;
  response.on('data', (chunk) => {
    wire += chunk.length;
    if (!isGzip) return;
    // As it arrives, and not as it comes out: something may unfold to nothing.
    try {
      count(wire);
    } catch (error) {
      stream.destroy(/** @type {Error} */ (error));
    }
  });
  if (isGzip) response.on('error', (error) => stream.destroy(error));
  try {
    for await (const chunk of stream) {
      size += chunk.length;
      count(size);
      parts.push(chunk);
    }
  } catch (error) {
    if (error instanceof HttpFailure) throw error;
    // The answer to HEAD, and 204 and 304, may name an encoding and have no body.
    if (!(isGzip && wire === 0 && response.complete)) {
      const code = /** @type {any} */ (error).code ?? 'unknown';
      throw new HttpFailure('other', 'broken-answer', `the answer of ${place} cannot be read: ${code}`, true);
    }
  }
  if (!response.complete) throw new HttpFailure('other', 'broken-answer', `the answer of ${place} broke off`, true);
  const kept = isGzip ? headers.filter(({ name }) => name !== 'content-encoding' && name !== 'content-length') : headers;
  return { status: response.statusCode ?? 0, headers: kept, body: Buffer.concat(parts) };
}

/** @param {string[]} raw names and values in turn, each read as ISO 8859-1 */
function pairs(raw) {
  const headers = [];
  for (let at = 0; at < raw.length; at += 2) {
    const bytes = Buffer.from(raw[at + 1], 'latin1');
    const text = bytes.toString('utf8');
    headers.push({ name: raw[at].toLowerCase(), value: Buffer.from(text, 'utf8').equals(bytes) ? text : raw[at + 1] });
  }
  return headers;
}
