// Where a request goes: scheme, host and port in one normal form, so that two spellings of one place compare equal.

import { isIP } from 'node:net';

import { denied, invalidRequest } from './failure.js';

/** @typedef {{ scheme: 'http' | 'https', host: string, port: number }} Destination an IPv6 address without brackets */

const DEFAULT_PORT = { http: 80, https: 443 };

/**
 * Reads an absolute URL. What parsers drop or change in silence is refused before one sees it, and so are hosts beyond plain ASCII.
 * @param {string} text @returns {{ url: URL, destination: Destination }}
 */
export function readUrl(text) {
  if (/[\u0000-\u0020\u007f-\u009f\\]/.test(text)) {
    throw invalidRequest('the url contains a space, a backslash or a control character');
  }
  const authority = text.replace(/^[^:]*:\/*/, '').split(/[/?#]/)[0].split('@').pop() ?? '';
  if (/[^\u0021-\u007e]|%/.test(authority)) {
    throw invalidRequest('the host of the url is not written in plain ASCII: write it in punycode, without escapes');
  }
  if (!URL.canParse(text)) throw invalidRequest('the url is invalid');
  const url = new URL(text);
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'http' && scheme !== 'https') throw denied(undefined, 'the scheme of the url is neither http nor https');
  if (url.username !== '' || url.password !== '') throw invalidRequest('the url contains a user name');
  url.hash = '';
  const port = url.port === '' ? DEFAULT_PORT[scheme] : Number(url.port);
  if (port === 0) throw invalidRequest('port 0 is not a destination');
  return { url, destination: { scheme, host: normalHost(url.hostname), port } };
}

/** @param {string} hostname as `URL` has it */
function normalHost(hostname) {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const labels = host.split('.');
  if (isIP(host) === 0 && (host.length > 253 || labels.some((label) => label === '' || label.length > 63))) {
    throw invalidRequest('the host is missing or not a valid name');
  }
  return host;
}

/** @param {Destination} destination */
export function isLoopback({ host }) {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** @param {Destination} a @param {Destination} b */
export function isSame(a, b) {
  return a.scheme === b.scheme && a.host === b.host && a.port === b.port;
}

/** @param {Destination} destination */
export function written({ scheme, host, port }) {
  return `${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/**
 * One entry of the operator's list: `api.example.com`, `*.example.com:8443`, `http://intranet.example:8080`, `127.0.0.1:9000`.
 * Without a scheme it admits https, and http where that stays on this machine.
 */
export class AllowEntry {
  /** @param {string} text */
  constructor(text) {
    const parts = /^(?:(https?):\/\/)?(\*\.)?(\[[0-9a-fA-F:.]+\]|[^\s:/?#@%*\\[\]]+)(?::([0-9]{1,5}))?$/.exec(text);
    const url = parts === null ? '' : `https://${parts[3]}${parts[4] === undefined ? '' : `:${parts[4]}`}/`;
    if (parts === null || !URL.canParse(url) || parts[4] === '0') {
      throw new TypeError(`allow-list entry ${JSON.stringify(text)} is not usable; write host, host:port, *.domain or http://host:port`);
    }
    this.scheme = parts[1];
    this.below = parts[2] !== undefined;
    this.host = readUrl(url).destination.host;
    this.port = parts[4] === undefined ? undefined : Number(parts[4]);
    if (this.below && isIP(this.host) !== 0) throw new TypeError(`${text}: an address has no names below it`);
  }

  /** @param {Destination} destination */
  admits(destination) {
    const scheme = this.scheme === undefined ? destination.scheme === 'https' || isLoopback(destination) : this.scheme === destination.scheme;
    const host = this.below
      ? isIP(destination.host) === 0 && destination.host.endsWith(`.${this.host}`)
      : this.host === destination.host;
    return scheme && host && destination.port === (this.port ?? DEFAULT_PORT[destination.scheme]);
  }

  /** Whether it admits the destination and names that very host. @param {Destination} destination */
  names(destination) {
    return !this.below && this.admits(destination);
  }
}

/** The option that admits exactly this. @param {Destination} destination */
export function admittingOption(destination) {
  const scheme = destination.scheme === 'http' && !isLoopback(destination) ? 'http://' : '';
  const host = isIP(destination.host) === 6 ? `[${destination.host}]` : destination.host;
  return `--allow-host ${scheme}${host}${destination.port === DEFAULT_PORT[destination.scheme] ? '' : `:${destination.port}`}`;
}
