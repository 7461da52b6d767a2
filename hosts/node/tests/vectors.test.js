// Plays the vectors of `tests/conformance` in this host.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import Database from 'better-sqlite3';

import { CallEnded, Component, Element, ManualClock, OrganisationError } from '../src/index.js';
import { componentFile } from './files.js';
import { Names, writtenOut } from './names.js';
import { Vendor } from './vendor.js';

const VECTORS = fileURLToPath(new URL('../../../tests/conformance/', import.meta.url));

/** What this host does otherwise, and why: the name that the vector expects, and the one that this host says. */
const ENDED_OTHERWISE = {
  'host/cpu.json': { 'cpu-ms': 'wall-ms' }, // It measures no CPU time.
};

const MOST_CALLS = 100;

/** @type {Map<string, Promise<Component>>} */
const components = new Map();

/** @param {string} name */
function component(name) {
  let loaded = components.get(name);
  if (loaded === undefined) {
    loaded = readFile(componentFile(name)).then((bytes) => Component.load(bytes));
    components.set(name, loaded);
  }
  return loaded;
}

const folder = await mkdtemp(join(tmpdir(), 'vectors-'));
after(() => rm(folder, { recursive: true }));

for (const group of readdirSync(VECTORS, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  for (const file of readdirSync(join(VECTORS, group.name)).sort()) {
    const name = `${group.name}/${file}`;
    test(name, () => play(name));
  }
}

/** @param {string} name */
async function play(name) {
  const vendor = await Vendor.start();
  const authority = `127.0.0.1:${vendor.port}`;
  const text = readFileSync(join(VECTORS, name), 'utf8').replaceAll('"${port}"', String(vendor.port)).replaceAll('${port}', String(vendor.port));
  const vector = JSON.parse(text);
  const names = new Names();
  names.known.set('vendor', `http://${authority}`);
  names.known.set('authority', authority);
  vendor.told(vector.vendor);
  const clock = new ManualClock(vector.start);
  const storage = join(folder, `${name.replaceAll('/', '-')}.sqlite`);
  const element = new Element(await component(vector.component), {
    tenant: 'acme', name: 'organisation', document: names.filled(vector.document), storage, allow: names.filled(vector.allow), limits: vector.limits, clock,
  });
  try {
    for (const [index, step] of vector.steps.entries()) {
      const at = `step ${index} (${step.call ?? step.import})`;
      vendor.told(step.vendor);
      if (step.advance_ms !== undefined) {
        clock.advance(step.advance_ms);
        continue;
      }
      const given = names.filled(writtenOut(step.with));
      const answer = await answerOf(element, step, given);
      for (const [bound, pointer] of Object.entries(step.bind ?? {})) names.known.set(bound, part(answer, pointer));
      const expected = otherwise(name, step.answer);
      assert.equal(names.difference(expected, withoutOwnHeaders(answer)), undefined, at);
      compareRequests(names, step.requests ?? [], vendor.seen(), at);
      if (step.stored !== undefined) assert.equal(names.difference(step.stored.entries, stored(storage, step.stored.prefix)), undefined, `${at}: stored`);
    }
  } finally {
    await element.close();
    vendor.close();
  }
}

/** @param {Element} element @param {any} step @param {any} given */
async function answerOf(element, step, given) {
  let answer;
  for (let calls = 0; calls < MOST_CALLS; calls += 1) {
    answer = await (step.call === undefined ? asked(element, step.import, given) : called(element, step.call, given));
    if (answer?.ok?.[step.again] === undefined) return answer;
  }
  return answer;
}

/** @param {Element} element @param {string} name @param {any} given */
async function called(element, name, given) {
  const config = given.config;
  const input = typeof config === 'object' ? { ...given, config: JSON.stringify(config) } : given;
  try {
    const answer = await element.call(name, input);
    return ['element.describe', 'element.validate-config'].includes(name) ? answer : { ok: answer };
  } catch (error) {
    if (error instanceof OrganisationError) return { error: error.error };
    if (error instanceof CallEnded) return { ended: error.ended };
    throw error;
  }
}

/** Asks the probe to ask a function of the host. @param {Element} element @param {string} name @param {any} given */
async function asked(element, name, given) {
  const request = { method: 'POST', path: `/${name}`, query: [], payload: { json: JSON.stringify(given) }, idempotency_key: null };
  const outcome = await called(element, 'vendor.call', { request });
  if (outcome.ended !== undefined) return outcome;
  const answer = JSON.parse(outcome.ok.body.text);
  return name === 'settings.get' ? JSON.parse(answer) : answer;
}

/** What Node's server adds by itself, and no vector speaks of. */
const OWN_HEADERS = ['connection', 'keep-alive'];

/** @param {any} value @returns {any} */
function withoutOwnHeaders(value) {
  if (Array.isArray(value)) return value.filter((item) => !OWN_HEADERS.includes(item?.name)).map(withoutOwnHeaders);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutOwnHeaders(item)]));
}

/** @param {any} value @param {string} pointer */
function part(value, pointer) {
  return pointer.split('/').slice(1).reduce((found, key) => found?.[key], value);
}

/** @param {string} name @param {any} expected */
function otherwise(name, expected) {
  const ended = /** @type {any} */ (ENDED_OTHERWISE)[name]?.[expected?.ended];
  return ended === undefined ? expected : { ended };
}

/** As a set: which request of a batch comes first is not said. @param {Names} names @param {any[]} expected @param {any[]} seen @param {string} at */
function compareRequests(names, expected, seen, at) {
  const left = [...seen];
  for (const request of expected) {
    const found = left.findIndex((one) => names.difference(request, one) === undefined);
    assert.notEqual(found, -1, `${at}: the vendor was not asked ${JSON.stringify(request)}, but ${JSON.stringify(left)}`);
    left.splice(found, 1);
  }
  assert.deepEqual(left, [], `${at}: the vendor was asked more`);
}

/** @param {string} file @param {string} prefix */
function stored(file, prefix) {
  const database = new Database(file, { readonly: true });
  const rows = database.prepare('SELECT key, value FROM entries WHERE substr(key, 1, length(?)) = ? AND sealed = 0 ORDER BY key').all(prefix, prefix);
  database.close();
  return rows;
}
