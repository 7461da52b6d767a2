// Figures of this host: `node bench.js --element DIR --allow-host ENTRY [--component FILE]`, against a simulator with a company of the wanted
// size. JSON on standard output, milliseconds of wall-clock time.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { Component, Element, readFolder, run } from './src/index.js';

const { values } = parseArgs({ options: { element: { type: 'string' }, component: { type: 'string' }, 'allow-host': { type: 'string', multiple: true } } });
const SIGN_INS = 50;

/** @template T @param {() => Promise<T>} work @returns {Promise<[number, T]>} */
async function timed(work) {
  const begin = performance.now();
  const answer = await work();
  return [Math.round((performance.now() - begin) * 10) / 10, answer];
}

/** @param {number[]} list */
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

const folder = await mkdtemp(join(tmpdir(), 'organisation-bench-'));
const { name, document } = await readFolder(values.element ?? '');
const bytes = await readFile(values.component ?? process.env.ORGANISATION_COMPONENT ?? '');
/** @type {Record<string, any>} */
const figures = {};
const [load, component] = await timed(() => Component.load(bytes));
const element = new Element(component, { tenant: 'bench', name, document, storage: join(folder, 'bench.sqlite'), allow: values['allow-host'] });
figures.load = load;
[figures.first_call] = await timed(() => element.describe());
const describes = [];
for (let round = 0; round < 20; round += 1) describes.push((await timed(() => element.describe()))[0]);
figures.describe = median(describes);
for (const which of ['first', 'unchanged']) {
  const [time, { complete }] = await timed(() => run(element, { strategy: 'walk' }));
  figures[`sync_${which}`] = { time, members: complete.members_total, vendor_calls: complete.vendor_calls, advances: complete.advances };
}
const signIns = [];
const { members } = await element.call('directory.members', { filter: {}, cursor: null, limit: 1 });
for (let round = 0; round < SIGN_INS; round += 1) {
  const { url } = await element.call('login.authorization-url', { request: { entry: 'browser' } });
  const page = await fetch(url, { method: 'POST', body: new URLSearchParams({ member: members[0].id }), redirect: 'manual' });
  const { searchParams: found } = new URL(page.headers.get('location') ?? '');
  signIns.push((await timed(() => element.call('login.exchange-code', { request: { code: found.get('code'), state: found.get('state') } })))[0]);
}
figures.exchange_code = median(signIns);
figures.max_rss_mib = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
await element.close();
await rm(folder, { recursive: true });
