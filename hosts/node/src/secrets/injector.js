// Puts secrets in behind every check: as a whole query or form value, JSON string or header value, after `Bearer `, or as the password of
// `Basic `, towards the destinations that `validate-config` ties the field to. Anywhere else the request is denied. A secret that an
// answer sends back is redacted.

import { isSame, written } from '../egress/destination.js';
import { denied } from '../egress/failure.js';
import { holdsPlaceholder } from './disguise.js';

/** @typedef {import('./placeholder.js').Secret} Secret */
/** @typedef {import('../egress/policy.js').Checked} Checked */
/** @typedef {import('../egress/client.js').Answer} Answer */
/** @typedef {import('../egress/destination.js').Destination} Destination */

const REDACTED = '[secret]';
/** Shorter values are not looked for in answers: they would be found in innocent places. */
const SHORTEST_REDACTED = 8;

export class Injector {
  /** @param {Secret[]} secrets @param {{ destination: Destination, secrets: string[] }[]} tied where each field may go */
  constructor(secrets, tied) {
    const keys = tied.map((one) => new Set(one.secrets));
    this.secrets = secrets.map((secret) => ({
      ...secret,
      hosts: tied.filter((_, index) => keys[index].has(secret.key)).map(({ destination }) => destination),
      spellings: spellings(secret.value).map((spelling) => Buffer.from(spelling)),
    }));
  }

  /** The request with its secrets. @param {Checked} checked @returns {Checked} */
  fill(checked) {
    let request = checked;
    for (const { key, placeholder, value, hosts } of this.secrets) {
      const before = request;
      request = inBody(inHeaders(inQuery(request, placeholder, value), placeholder, value, key), placeholder, value);
      if (request !== before && !hosts.some((host) => isSame(host, checked.destination))) {
        throw denied(undefined, `the secret ${key} may not go to ${written(checked.destination)}`);
      }
    }
    // What is left stands where it must not, or is no secret of this element. What was filled in cannot be told from it any more,
    // so it is the request as the component wrote it that is looked at, without the places that were filled.
    const rest = this.secrets.reduce((kept, { placeholder }) => inBody(inHeaders(inQuery(kept, placeholder, ''), placeholder, '', ''), placeholder, ''), checked);
    const place = holdsPlaceholder(rest.url.href) ? 'the url'
      : rest.headers.some(([name, value]) => holdsPlaceholder(name) || holdsPlaceholder(value)) ? 'a header'
        : holdsPlaceholder(rest.body.toString('latin1')) ? 'the body' : undefined;
    if (place !== undefined) {
      throw denied(undefined, `a secret stands in ${place} where it is not filled in: write it, as settings.get gives it, as a whole query, `
        + 'form or header value or JSON string, after Bearer, or as the password of Basic');
    }
    return request;
  }

  /** The answer without secrets. @param {Answer} answer @returns {Answer} */
  redact({ status, headers, body }) {
    let content = body;
    let shown = headers;
    for (const { spellings } of this.secrets) {
      for (const spelling of spellings) {
        if (content.includes(spelling)) content = replaced(content, spelling);
        const text = spelling.toString();
        if (shown.some(({ value }) => value.includes(text))) {
          shown = shown.map(({ name, value }) => ({ name, value: value.replaceAll(text, REDACTED) }));
        }
      }
    }
    return { status, headers: shown, body: content };
  }
}

/** @param {Checked} request @param {string} placeholder @param {string} value @returns {Checked} */
function inQuery(request, placeholder, value) {
  const pairs = [...request.url.searchParams];
  if (!pairs.some(([, found]) => found === placeholder)) return request;
  const url = new URL(request.url);
  url.search = new URLSearchParams(pairs.map(([name, found]) => [name, found === placeholder ? value : found])).toString();
  return { ...request, url };
}

/** @param {Checked} request @param {string} placeholder @param {string} value @param {string} key @returns {Checked} */
function inHeaders(request, placeholder, value, key) {
  let found = false;
  const headers = request.headers.map(([name, header]) => {
    const filled = inHeader(header, placeholder, value);
    if (filled === undefined) return /** @type {[string, string]} */ ([name, header]);
    found = true;
    // Node writes a header as ISO 8859-1: these are the bytes of UTF-8.
    const bytes = Buffer.from(filled, 'utf8').toString('latin1');
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(bytes)) throw denied(undefined, `the secret ${key} cannot stand in a header: it holds a control character`);
    return /** @type {[string, string]} */ ([name, bytes]);
  });
  return found ? { ...request, headers } : request;
}

/** @param {string} header @param {string} placeholder @param {string} value */
function inHeader(header, placeholder, value) {
  if (header === placeholder) return value;
  const gap = header.indexOf(' ');
  if (gap < 1) return undefined;
  const scheme = header.slice(0, gap);
  const credentials = header.slice(gap).trim();
  if (/\s/.test(credentials)) return undefined;
  if (scheme.toLowerCase() === 'bearer' && credentials === placeholder) return `${scheme} ${value}`;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  const user = pair.slice(0, pair.indexOf(':') + 1);
  if (user === '' || pair.slice(user.length) !== placeholder) return undefined;
  return `${scheme} ${Buffer.from(user + value).toString('base64')}`;
}

/** @param {Checked} request @param {string} placeholder @param {string} value @returns {Checked} */
function inBody(request, placeholder, value) {
  if (request.body.length === 0) return request;
  const [, kind = ''] = request.headers.find(([name]) => name.toLowerCase() === 'content-type') ?? [];
  const isForm = kind.split(';')[0].trim().toLowerCase() === 'application/x-www-form-urlencoded';
  // Byte by byte, so that what is no UTF-8 stays as it is.
  const text = request.body.toString('latin1');
  const filled = isForm ? inForm(text, placeholder, value) : inJson(text, placeholder, value);
  return filled === text ? request : { ...request, body: Buffer.from(filled, 'latin1') };
}

/** @param {string} form @param {string} placeholder @param {string} value */
function inForm(form, placeholder, value) {
  const encoded = new URLSearchParams([['', value]]).toString().slice(1);
  let filled = '';
  let kept = 0;
  for (let from = 0; from < form.length;) {
    const next = form.indexOf('&', from);
    const end = next === -1 ? form.length : next;
    const start = from + form.slice(from, end).indexOf('=') + 1;
    // Percent-encoded it has at most three times as many signs.
    const canBe = start > from + 1 && end - start >= placeholder.length && end - start <= 3 * placeholder.length;
    if (canBe && new URLSearchParams(`x=${form.slice(start, end)}`).get('x') === placeholder) {
      filled += form.slice(kept, start) + encoded;
      kept = end;
    }
    from = end + 1;
  }
  return filled + form.slice(kept);
}

/** JSON with the secret as each string that is the placeholder, also where its slashes are escaped. A key is none. @param {string} json @param {string} placeholder @param {string} value */
function inJson(json, placeholder, value) {
  const first = json.trimStart()[0];
  if (first === undefined || !'{["'.includes(first)) return json;
  const written = Buffer.from(JSON.stringify(value), 'utf8').toString('latin1');
  const spelt = new Set([`"${placeholder}"`, `"${placeholder.replaceAll('/', '\\/')}"`]);
  let filled = '';
  let kept = 0;
  for (let start = json.indexOf('"'); start !== -1;) {
    const end = endOfString(json, start);
    if (end === -1) break;
    if (spelt.has(json.slice(start, end)) && !isKey(json, end)) {
      filled += json.slice(kept, start) + written;
      kept = end;
    }
    start = json.indexOf('"', end);
  }
  return filled + json.slice(kept);
}

/**
 * Where the JSON string that begins here has ended, -1 where it does not. By hand and linear: a pattern would try again at each quote
 * of a broken body, and keeps a place on its stack for each sign of a long one.
 * @param {string} json @param {number} start
 */
function endOfString(json, start) {
  for (let quote = json.indexOf('"', start + 1); quote !== -1; quote = json.indexOf('"', quote + 1)) {
    let before = quote;
    while (json[before - 1] === '\\') before -= 1;
    if ((quote - before) % 2 === 0) return quote + 1;
  }
  return -1;
}

/** Whether a colon follows. @param {string} json @param {number} end */
function isKey(json, end) {
  let at = end;
  while (at < json.length && ' \t\r\n'.includes(json[at])) at += 1;
  return json[at] === ':';
}

/** The spellings in which a secret may come back: plain, as in a query in both manners and both cases of the digits, as in JSON. @param {string} value */
function spellings(value) {
  if (Buffer.byteLength(value) < SHORTEST_REDACTED) return [];
  const form = new URLSearchParams([['', value]]).toString().slice(1);
  const uri = encodeURIComponent(value).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const lower = (/** @type {string} */ text) => text.replace(/%[0-9A-F]{2}/g, (digits) => digits.toLowerCase());
  return [...new Set([value, form, uri, lower(form), lower(uri), JSON.stringify(value).slice(1, -1)])];
}

/** @param {Buffer} content @param {Buffer} spelling */
function replaced(content, spelling) {
  const parts = [];
  let from = 0;
  for (let at = content.indexOf(spelling); at !== -1; at = content.indexOf(spelling, from)) {
    parts.push(content.subarray(from, at), Buffer.from(REDACTED));
    from = at + spelling.length;
  }
  return Buffer.concat([...parts, content.subarray(from)]);
}
