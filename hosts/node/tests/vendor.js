// A vendor that answers as a vector says, and notes what it was asked (`tests/conformance/README.md`).

import { createCipheriv, createHash } from 'node:crypto';
import http from 'node:http';

export class Vendor {
  static async start() {
    const vendor = new Vendor();
    await new Promise((done) => { vendor.server.listen(0, '127.0.0.1', () => done(undefined)); });
    vendor.port = /** @type {import('node:net').AddressInfo} */ (vendor.server.address()).port;
    return vendor;
  }

  constructor() {
    this.port = 0;
    /** @type {Map<string, any[]>} */
    this.routes = new Map();
    /** @type {any[]} */
    this.asked = [];
    /** Of the last order of an export. */
    this.key = Buffer.alloc(0);
    this.server = http.createServer((request, response) => this.serve(request, response));
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** @param {Record<string, any>} [routes] */
  told(routes = {}) {
    for (const [route, answers] of Object.entries(routes)) this.routes.set(route, Array.isArray(answers) ? [...answers] : [answers]);
  }

  /** What was asked since the last time. */
  seen() {
    return this.asked.splice(0);
  }

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async serve(request, response) {
    const body = Buffer.concat(await request.toArray());
    const url = request.url ?? '';
    this.asked.push(shown(request, url, body));
    const path = url.split('?')[0];
    const answers = this.routes.get(`${request.method} ${url}`) ?? this.routes.get(`${request.method} ${path}`);
    const ordered = /"encoding_aeskey":\s*"([^"]*)"/.exec(body.toString('latin1'));
    if (ordered !== null) this.key = Buffer.from(ordered[1], 'base64');
    let answer = answers === undefined ? { status: 404, text: 'no such route' } : answers.length > 1 ? answers.shift() : answers[0];
    if (answer.exported !== undefined) answer = this.exported(answer.exported);
    if (answer.hang) return;
    const [content, kind] = contentOf(answer);
    response.sendDate = false;
    response.writeHead(answer.status ?? 200, {
      'content-type': kind, ...answer.headers, 'content-length': content.length + (answer.break ? 1 : 0),
    });
    response.write(content);
    if (answer.break) setTimeout(() => response.destroy(), 20);
    else response.end();
  }

  /** The result of an export: a file for each document, encrypted with the key of the last order, which is served from then on. @param {Record<string, any>} documents */
  exported(documents) {
    const files = Object.entries(documents).map(([name, document]) => {
      const file = sealed(Buffer.from(JSON.stringify(document)), this.key);
      this.routes.set(`GET /exported/${name}`, [{ base64: file.toString('base64') }]);
      return { url: `http://127.0.0.1:${this.port}/exported/${name}`, size: file.length, md5: createHash('md5').update(file).digest('hex') };
    });
    return { json: { errcode: 0, errmsg: 'ok', status: 2, data_list: files } };
  }
}

/** AES-256-CBC, whose vector is the first half of the key, with padding to blocks of 32 bytes. @param {Buffer} text @param {Buffer} key */
function sealed(text, key) {
  const padding = 32 - (text.length % 32);
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(Buffer.concat([text, Buffer.alloc(padding, padding)])), cipher.final()]);
}

/** @param {any} answer @returns {[Buffer, string]} */
function contentOf(answer) {
  if (answer.text !== undefined) return [Buffer.from(answer.text), 'text/plain'];
  if (answer.base64 !== undefined) return [Buffer.from(answer.base64, 'base64'), 'application/octet-stream'];
  if (answer.bytes !== undefined) return [Buffer.alloc(answer.bytes, 'x'), 'text/plain'];
  return [Buffer.from(JSON.stringify(answer.json)), 'application/json'];
}

/** @param {http.IncomingMessage} request @param {string} url @param {Buffer} body */
function shown(request, url, body) {
  const [path, query = ''] = url.split(/\?(.*)/s);
  const told = Object.entries(request.headers).filter(([name]) => ['content-type', 'authorization'].includes(name) || name.startsWith('x-'));
  /** @type {any} */
  const seen = { method: request.method, path };
  if (query !== '') seen.query = [...new URLSearchParams(query)];
  if (told.length > 0) seen.headers = Object.fromEntries(told);
  const [, boundary] = /^multipart\/form-data; boundary=(.*)$/.exec(request.headers['content-type'] ?? '') ?? [];
  if (boundary !== undefined) return { ...seen, headers: { ...seen.headers, 'content-type': 'multipart/form-data' }, parts: parts(body, boundary) };
  if (body.length === 0) return seen;
  const text = body.toString('utf8');
  if ((request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')) return { ...seen, form: [...new URLSearchParams(text)] };
  try {
    return { ...seen, json: JSON.parse(text) };
  } catch {
    return Buffer.from(text).equals(body) ? { ...seen, text } : { ...seen, base64: body.toString('base64') };
  }
}

/** The parts of a multipart form, with their headers as they are written. @param {Buffer} body @param {string} boundary */
function parts(body, boundary) {
  const pieces = `\r\n${body.toString('latin1')}`.split(`\r\n--${boundary}`).slice(1, -1);
  return pieces.map((piece) => {
    const [head, content] = piece.slice(2).split(/\r\n\r\n(.*)/s);
    const bytes = Buffer.from(content, 'latin1');
    const headers = Buffer.from(head, 'latin1').toString().split('\r\n');
    const text = bytes.toString();
    return Buffer.from(text).equals(bytes) ? { headers, text } : { headers, base64: bytes.toString('base64') };
  });
}
