// The contract's records in the two forms that this host knows: as JSON, which callers read and write, and as jco wants them.
//
// | Of the contract | In JSON | For jco |
// |---|---|---|
// | record | object, snake_case; what is absent, an empty list or `false` may be left out | object, camelCase |
// | option | value or `null` | value or `undefined` |
// | variant | its name, or an object of one key | `{ tag, val }` |
// | u64 | number | BigInt |
// | list<u8> | list of numbers | Uint8Array |

import { readFileSync } from 'node:fs';

/** @typedef {[string, Shape]} Named a field, or a case with its value */
/** @typedef {any} Shape as `contract.json` has it: an object of one key, such as `{"List": …}` */
/** @typedef {{ params: [string, Shape][], result: Shape | null }} Signature */

/** @type {{ version: string, imports: Record<string, Signature>, exports: Record<string, Signature> }} */
export const CONTRACT = JSON.parse(readFileSync(new URL('./contract.json', import.meta.url), 'utf8'));

const camels = new Map();
const snakes = new Map();

/** @param {string} kebab */
export function camel(kebab) {
  let name = camels.get(kebab);
  if (name === undefined) {
    name = kebab.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
    camels.set(kebab, name);
  }
  return name;
}

/** @param {string} kebab */
export function snake(kebab) {
  let name = snakes.get(kebab);
  if (name === undefined) {
    name = kebab.replaceAll('-', '_');
    snakes.set(kebab, name);
  }
  return name;
}

const BIG = new Set(['u64', 's64']);

/**
 * JSON for jco.
 * @param {Shape} shape @param {any} json @param {string} at where it stands, for the message
 * @returns {any}
 */
export function toGuest(shape, json, at) {
  const [kind, of] = Object.entries(shape)[0];
  switch (kind) {
    case 'Plain': return plain(of, json, at);
    case 'List': return list(of, json, at);
    case 'Option': return json === null || json === undefined ? undefined : toGuest(of, json, at);
    case 'Record': {
      demand(isObject(json), at, 'an object', json);
      const known = new Set(of.map((/** @type {Named} */ [name]) => snake(name)));
      const unknown = Object.keys(json).find((key) => !known.has(key));
      if (unknown !== undefined) throw new TypeError(`${at}: unknown key ${unknown}, expected ${[...known].join(', ')}`);
      return Object.fromEntries(of.map((/** @type {Named} */ [name, field]) => {
        const key = snake(name);
        return [camel(name), toGuest(field, json[key], at === '' ? key : `${at}.${key}`)];
      }));
    }
    case 'Enum':
      demand(of.includes(json), at, of.join(', '), json);
      return json;
    case 'Variant': {
      const [tag, value] = isObject(json) ? Object.entries(json)[0] ?? [] : [json, undefined];
      const found = of.find((/** @type {Named} */ [name]) => name === tag);
      demand(found !== undefined && (!isObject(json) || Object.keys(json).length === 1), at,
        of.map((/** @type {Named} */ [name]) => name).join(', '), json);
      demand((found[1] === null) === !isObject(json), at, 'a case with its value, and no value where it has none', json);
      return found[1] === null ? { tag } : { tag, val: toGuest(found[1], value, `${at}.${tag}`) };
    }
    default: throw new TypeError(`${at}: the contract has no ${kind} here`);
  }
}

/** @param {string} name @param {any} json @param {string} at */
function plain(name, json, at) {
  if (name === 'bool') {
    demand(typeof json === 'boolean' || json === undefined || json === null, at, 'a boolean', json);
    return json ?? false;
  }
  if (name === 'string') {
    demand(typeof json === 'string', at, 'a string', json);
    return json;
  }
  demand(Number.isInteger(json), at, 'a whole number', json);
  return BIG.has(name) ? BigInt(json) : json;
}

/** @param {Shape} of @param {any} json @param {string} at */
function list(of, json, at) {
  const items = json ?? [];
  demand(Array.isArray(items) || items instanceof Uint8Array, at, 'an array', json);
  if (of.Plain === 'u8') return Uint8Array.from(items);
  return items.map((/** @type {any} */ item, /** @type {number} */ index) => toGuest(of, item, `${at}[${index}]`));
}

/** @param {boolean} holds @param {string} at @param {string} expected @param {any} found @returns {asserts holds} */
function demand(holds, at, expected, found) {
  if (!holds) throw new TypeError(`${at}: expected ${expected}, found ${found === undefined ? 'nothing' : typeof found}`);
}

/** @param {any} json */
function isObject(json) {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/**
 * What jco gave as JSON. A number above 2^53 comes as text.
 * @param {Shape} shape @param {any} value @returns {any}
 */
export function toJson(shape, value) {
  const [kind, of] = Object.entries(shape)[0];
  switch (kind) {
    case 'Plain':
      if (typeof value !== 'bigint') return value;
      return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : String(value);
    case 'List': return Array.from(value, (item) => toJson(of, item));
    case 'Option': return value === undefined || value === null ? null : toJson(of, value);
    case 'Record':
      return Object.fromEntries(of.map((/** @type {Named} */ [name, field]) =>
        [snake(name), toJson(field, value[camel(name)])]));
    case 'Enum': return value;
    case 'Variant': {
      const [, payload] = of.find((/** @type {Named} */ [name]) => name === value.tag);
      return payload === null ? value.tag : { [value.tag]: toJson(payload, value.val) };
    }
    default: throw new TypeError(`the contract has no ${kind} in an answer`);
  }
}
