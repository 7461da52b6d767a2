// One tenant's element: a component, its configuration, its store and what it may reach.

import { Component } from './component.js';
import { CONTRACT, camel, snake, toGuest, toJson } from './contract.js';
import { AllowEntry, readUrl } from './egress/destination.js';
import { Allowance, Client } from './egress/client.js';
import { sendAll } from './egress/outbound.js';
import { Policy } from './egress/policy.js';
import { CallEnded, HostError, OrganisationError } from './errors.js';
import { DEFAULT_LIMITS } from './limits.js';
import { presented, routesOf } from './routes.js';
import { Injector } from './secrets/injector.js';
import { extract } from './secrets/placeholder.js';
import { openFile } from './storage/file.js';
import { fingerprint, sealingKey } from './storage/key.js';
import { Threads } from './threads.js';

/** @typedef {import('./egress/outbound.js').Network & { settings: string, inClear: string[], routes: import('./routes.js').Routes }} Prepared */

/** Connections to each are kept, and a vendor has a handful. */
const MAX_DESTINATIONS = 64;
/** A shorter value that the component computes with is not looked for in log lines. */
const SHORTEST_MASKED = 8;
const NAME_BYTES = 128;

/**
 * @typedef {object} Options
 * @property {string} tenant 1 to 128 bytes
 * @property {string} name of the element, unique within the tenant
 * @property {Record<string, any>} document the configuration
 * @property {string} storage path of a SQLite file, which many elements and processes may share
 * @property {string} [sealingKey] path of the key file of that store, which is made where there is none; beside it by default
 * @property {string[]} [allow] what the operator admits: host, host:port, *.domain or http://host:port; nothing by default
 * @property {boolean} [allowNeeded] whether every public https host that the configuration needs is admitted besides: for components that one
 *   trusts with the secrets of the tenant, since the component says what is needed
 * @property {Partial<import('./limits.js').Limits>} [limits]
 * @property {import('./clock.js').ManualClock} [clock] for tests
 * @property {(line: { level: string, message: string, fields: { name: string, value: string }[], tenant: string, element: string, call: string }) => void} [log]
 */

export class Element {
  /** @param {Component} component @param {Options} options */
  constructor(component, options) {
    const { tenant, name, document, storage, allow = [], allowNeeded = false, limits = {}, clock, log } = options;
    for (const [what, text] of [['tenant', tenant], ['element', name]]) {
      if (text === '' || Buffer.byteLength(text) > NAME_BYTES || text.includes('\u0000')) {
        throw new HostError(`the name of the ${what} has to have 1 to ${NAME_BYTES} bytes without U+0000`);
      }
    }
    this.component = component;
    this.scope = { tenant, element: name };
    this.document = document;
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.operator = allow.map((entry) => new AllowEntry(entry));
    this.allowNeeded = allowNeeded;
    // Here, so that a file that cannot be used is refused before any call.
    openFile(storage).close();
    this.key = sealingKey(options.sealingKey ?? `${storage}.key`);
    this.client = new Client();
    this.log = log ?? (() => {});
    this.threads = new Threads(async () => ({
      code: component.code, modules: await component.modules(this.limits.memory), memories: component.memories, storage: { file: storage, key: this.key },
      scope: this.scope, clock: clock?.buffer ?? null,
    }));
    /** @type {Promise<Prepared> | undefined} */
    this.network = undefined;
  }

  /** What the element says of itself. @param {string} [locale] a language tag */
  describe(locale = 'zh-CN') {
    return this.pure('element.describe', { locale });
  }

  /** Judges a configuration, the element's own by default. @param {Record<string, any> | string} [document] */
  validate(document = this.document) {
    return this.pure('element.validate-config', { config: typeof document === 'string' ? document : JSON.stringify(document) });
  }

  /**
   * Calls a function of the contract, such as `login.authorization-url`, with arguments and answer in JSON (`tests/conformance`).
   * @param {string} name @param {Record<string, any>} [given]
   * @returns {Promise<any>}
   * @throws {OrganisationError} the element answers an error
   * @throws {import('./errors.js').CallEnded} there is no answer
   */
  async call(name, given = {}) {
    if (name === 'element.describe' || name === 'element.validate-config') return this.pure(name, given);
    const signature = signatureOf(name);
    const [interface_] = name.split('.');
    if (!this.component.interfaces.has(interface_)) {
      const message = `该元素没有 ${name} 功能 / this element has no ${name}`;
      throw new OrganisationError(name, { reason: 'unsupported', message, hint: null, vendor_code: null, retry_after_ms: null, request_id: null });
    }
    const deadline = Date.now() + this.limits.wall_ms;
    const network = await this.prepared();
    const allowance = new Allowance(this.limits, deadline);
    /** @type {import('./threads.js').Ask} */
    const ask = async (requests) => {
      const results = await sendAll(requests, network, allowance);
      return { results, budget: { requests: allowance.requests, bytesIn: allowance.bytesIn, bytesOut: allowance.bytesOut } };
    };
    const log = (/** @type {any} */ line) => this.log({ ...masked(line, network.inClear), ...this.scope, call: name });
    try {
      const shown = name === 'callbacks.handle' ? presented(given, network.routes) : given;
      return await this.answer(name, signature, shown, { isPure: false, settings: network.settings, deadline }, ask, log);
    } catch (error) {
      // The words of a panic are the component's.
      if (error instanceof CallEnded) error.message = mask(error.message, network.inClear);
      throw error;
    }
  }

  /** A call that is lent nothing. @param {string} name @param {Record<string, any>} given @returns {Promise<any>} */
  pure(name, given) {
    const deadline = Date.now() + this.limits.wall_ms;
    const ask = async () => { throw new HostError('a pure function has no network'); };
    return this.answer(name, signatureOf(name), given, { isPure: true, settings: '', deadline }, ask, () => {});
  }

  /**
   * @param {string} name @param {import('./contract.js').Signature} signature @param {Record<string, any>} given
   * @param {{ isPure: boolean, settings: string, deadline: number }} context @param {import('./threads.js').Ask} ask @param {import('./threads.js').Log} log
   */
  async answer(name, signature, given, context, ask, log) {
    const [interface_, function_] = name.split('.');
    const known = new Set(signature.params.map(([parameter]) => snake(parameter)));
    const unknown = Object.keys(given).find((key) => !known.has(key));
    if (unknown !== undefined) throw new TypeError(`${name} has no parameter ${unknown}, expected ${[...known].join(', ')}`);
    const call = {
      interface: interface_, function: camel(function_), limits: this.limits, ...context,
      arguments: signature.params.map(([parameter, shape]) => toGuest(shape, given[snake(parameter)], snake(parameter))),
    };
    const outcome = await this.threads.call(call, ask, log);
    const [ok, error] = signature.result?.Result ?? [signature.result, null];
    if ('error' in outcome) throw new OrganisationError(name, toJson(error, outcome.error));
    return ok === null ? null : toJson(ok, outcome.value);
  }

  /** What follows from the configuration; found out once, before the first call that may use it. */
  prepared() {
    this.network ??= this.prepare().catch((error) => {
      this.network = undefined;
      throw error;
    });
    return this.network;
  }

  /** @returns {Promise<Prepared>} */
  async prepare() {
    const description = await this.describe('en');
    const validation = await this.validate();
    if (validation.proxy !== null) throw new HostError('this configuration names a proxy, and this host knows none: it would go around it');
    if (validation.destinations.length > MAX_DESTINATIONS) throw new HostError(`the configuration names more than ${MAX_DESTINATIONS} destinations`);
    const tied = validation.destinations.map((/** @type {any} */ named, /** @type {number} */ index) =>
      ({ destination: destinationOf(named, index), secrets: named.secrets }));
    const fields = description.fields.map((/** @type {any} */ { key, secret, in_clear: inClear }) => ({ key, secret, inClear }));
    const placeholder = (/** @type {string} */ key, /** @type {string} */ value) =>
      `secret://${key}?v=${fingerprint(this.key, ['organisation-secret', this.scope.tenant, this.scope.element, key, value])}`;
    const { document, secrets } = extract(this.document, fields, validation.secrets, placeholder);
    return {
      policy: new Policy(tied.map((/** @type {any} */ one) => one.destination), this.operator, this.allowNeeded), secrets: new Injector(secrets, tied), client: this.client,
      settings: JSON.stringify(document), inClear: inClearOf(fields, this.document), routes: routesOf(validation.routes),
    };
  }

  /** Ends threads and connections. Calls under way come to their end, but send nothing more. */
  async close() {
    this.client.close();
    await this.threads.close();
  }
}

/** @param {string} name */
function signatureOf(name) {
  const signature = CONTRACT.exports[name];
  if (signature === undefined) throw new TypeError(`the contract has no function ${name}`);
  return signature;
}

/** @param {{ scheme: string, host: string, port: number }} named @param {number} index */
function destinationOf({ scheme, host, port }, index) {
  try {
    const { url, destination } = readUrl(`${scheme}://${host}:${port}`);
    if (url.pathname !== '/' || url.search !== '') throw new HostError('it holds more than scheme, host and port');
    return destination;
  } catch {
    // Not repeated as it was written: the component has seen every secret when it wrote it.
    throw new HostError(`destinations.${index} of validate-config is not usable; this is a defect of the component`);
  }
}

/** Values of secret fields that the component computes with. @param {{ key: string, secret: boolean, inClear: boolean }[]} fields @param {any} document @returns {string[]} */
function inClearOf(fields, document) {
  const values = fields.filter(({ secret, inClear }) => secret && inClear).map(({ key }) =>
    key.split('.').reduce((/** @type {any} */ value, part) => value?.[part], document));
  return values.filter((value) => typeof value === 'string' && value.length >= SHORTEST_MASKED);
}

/** @param {string} text @param {string[]} values */
const mask = (text, values) => values.reduce((whole, value) => whole.replaceAll(value, '[secret]'), text);

/** @param {any} line @param {string[]} values */
function masked({ level, message, fields }, values) {
  return { level, message: mask(message, values), fields: fields.map((/** @type {any} */ field) => ({ name: mask(field.name, values), value: mask(field.value, values) })) };
}
