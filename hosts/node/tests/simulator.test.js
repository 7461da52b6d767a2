// The WeCom element against the simulator: what an administrator does on the first day, and what ends badly.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { CallEnded, Component, Element, HostError, OrganisationError, readFolder, run } from '../src/index.js';
import { componentFile, program } from './files.js';

/** Members of the demonstration company that its app may see. */
const VISIBLE = 22;
const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));

/** @type {string} */ let folder;
/** @type {string} */ let authority;
/** @type {any} */ let document;
/** @type {import('node:child_process').ChildProcess} */ let simulator;
/** @type {Component} */ let component;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'organisation-'));
  const elementFolder = join(folder, 'wecom');
  simulator = spawn(program(), ['simulate', '--listen', '127.0.0.1:0', '--element-dir', elementFolder, '--format', 'json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  authority = await new Promise((done, fail) => {
    simulator.on('exit', (status) => fail(new Error(`the simulator ended with ${status}`)));
    createInterface({ input: /** @type {any} */ (simulator.stdout) }).on('line', (line) => {
      const found = /"allow_host": "([^"]+)"/.exec(line);
      if (found !== null) done(found[1]);
    });
  });
  ({ document } = await readFolder(elementFolder));
  component = await Component.load(await readFile(componentFile('wecom')));
});

after(async () => {
  simulator.removeAllListeners('exit');
  simulator.kill();
  await rm(folder, { recursive: true });
});

/** The element on a store of this name. @param {string} store @param {Partial<import('../src/element.js').Options>} [options] */
function elementOn(store, options = {}) {
  return new Element(component, { tenant: 'acme', name: 'wecom', document, storage: join(folder, `${store}.sqlite`), allow: [authority], ...options });
}

/** What the page does when somebody signs in. @param {string} url @param {string} member */
async function signIn(url, member) {
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams({ member }), redirect: 'manual' });
  const target = new URL(answer.headers.get('location') ?? '');
  return { code: target.searchParams.get('code'), state: target.searchParams.get('state') };
}

test('an administrator checks, syncs and reads the copy; the feed gives the same', async () => {
  const lines = /** @type {any[]} */ ([]);
  const element = elementOn('first', { log: (line) => lines.push(line) });
  try {
    const verdicts = await element.call('element.check-connection');
    assert.ok(verdicts.every((/** @type {any} */ verdict) => verdict.status !== 'failed'), JSON.stringify(verdicts));
    const { complete } = await run(element);
    assert.equal(complete.members.added, VISIBLE);
    const again = await run(element);
    assert.equal(again.complete.members.unchanged, VISIBLE);
    const { members } = await element.call('directory.members', { filter: {}, cursor: null, limit: 100 });
    const { changes } = await element.call('directory.changes', { cursor: null, limit: 100 });
    const fed = changes.filter((/** @type {any} */ change) => change.kind === 'member-added').map((/** @type {any} */ change) => change.record.member);
    const byId = (/** @type {any} */ a, /** @type {any} */ b) => (a.id < b.id ? -1 : 1);
    assert.deepEqual(fed.sort(byId), members.sort(byId));
    assert.ok(!JSON.stringify(lines).includes(document.secret));
  } finally {
    await element.close();
  }
});

test('a member signs in; the browser repeats the request; a used code is refused', async () => {
  const element = elementOn('sign-in');
  try {
    await run(element);
    const { url } = await element.call('login.authorization-url', { request: { entry: 'browser', return_to: '/home' } });
    const arrival = await signIn(url, 'lisi');
    const answers = await Promise.all([1, 2, 3].map(() => element.call('login.exchange-code', { request: arrival })));
    for (const answer of answers) {
      assert.equal(answer.outcome.member.id.toLowerCase(), 'lisi');
      assert.deepEqual([answer.return_to, answer.state_verified, answer.outcome.member.in_directory], ['/home', true, true]);
    }
    const other = await element.call('login.authorization-url', { request: { entry: 'browser' } });
    await assert.rejects(element.call('login.exchange-code', { request: { code: arrival.code, state: other.state } }),
      (error) => error instanceof OrganisationError && error.reason === 'login-rejected');
  } finally {
    await element.close();
  }
});

test('the secret is nowhere in the store, and nobody else may read it', async () => {
  const element = elementOn('at-rest');
  await element.call('element.check-connection');
  await element.close();
  for (const file of ['at-rest.sqlite', 'at-rest.sqlite.key']) assert.equal((await stat(join(folder, file))).mode & 0o077, 0, file);
  for (const suffix of ['', '-wal']) {
    const bytes = await readFile(join(folder, `at-rest.sqlite${suffix}`)).catch(() => Buffer.alloc(0));
    assert.ok(!bytes.includes(document.secret), suffix);
    assert.ok(!bytes.includes('"token"'), 'a token is sealed');
  }
});

test('without an operator nothing is reached', async () => {
  const element = elementOn('nobody', { allow: [] });
  try {
    const verdicts = await element.call('element.check-connection');
    assert.equal(verdicts[0].status, 'failed');
    assert.match(verdicts[0].hint, /--allow-host 127\.0\.0\.1/);
  } finally {
    await element.close();
  }
});

test('a call that its limits end costs nothing: the next one goes on', async () => {
  const element = elementOn('ended', { limits: { host_calls: 30 } });
  try {
    await assert.rejects(run(element), (error) => error instanceof CallEnded && error.ended === 'host-calls');
  } finally {
    await element.close();
  }
  const next = elementOn('ended');
  try {
    assert.equal((await run(next)).complete.members_total, VISIBLE);
  } finally {
    await next.close();
  }
});

test('a cache to which others may write is not run', { skip: process.platform === 'win32' }, async () => {
  const cache = join(folder, 'cache');
  await mkdir(cache);
  await chmod(cache, 0o777);
  await assert.rejects(Component.load(await readFile(componentFile('probe')), cache), (error) => error instanceof HostError && /others may write/.test(error.message));
  await chmod(cache, 0o700);
  assert.ok((await Component.load(await readFile(componentFile('probe')), cache)).interfaces.has('vendor'));
});

test('two that load the same at once both get it; what is too large is refused', async () => {
  const cache = join(folder, 'twice');
  const bytes = await readFile(componentFile('probe'));
  const loaded = await Promise.all([1, 2, 3].map(() => Component.load(bytes, cache)));
  assert.deepEqual(new Set(loaded.map(({ code }) => code)).size, 1);
  assert.equal((await readdir(cache)).length, 1);
  const words = (/** @type {RegExp} */ said) => (/** @type {any} */ error) => error instanceof HostError && said.test(error.message);
  await assert.rejects(Component.load(new Uint8Array((32 << 20) + 1), cache), words(/at most 33554432 are read/));
  // As if the generator had made this of it.
  const [made] = await readdir(cache);
  const manifest = JSON.parse(await readFile(join(cache, made, 'manifest.json'), 'utf8'));
  const refused = async (/** @type {string[]} */ modules, /** @type {RegExp} */ said) => {
    await writeFile(join(cache, made, 'manifest.json'), JSON.stringify({ ...manifest, modules }));
    await assert.rejects(Component.load(bytes, cache), words(said));
  };
  await refused(Array(65).fill('component.core.wasm'), /65 modules/);
  const memory = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 7, 3, 0, 1, 0, 1, 0, 1]);
  await writeFile(join(cache, made, 'three.wasm'), memory);
  await refused(['three.wasm'], /3 memories/);
});

test('an interface of another version is not lent', async () => {
  const bytes = await readFile(componentFile('probe'));
  for (const [name, other] of [['lowcode:organisation/http@0.1.0', 'lowcode:organisation/http@0.2.0'], ['wasi:io/poll@0.2.6', 'wasi:io/poll@0.3.6']]) {
    const changed = Buffer.from(bytes.toString('latin1').replaceAll(name, other), 'latin1');
    await assert.rejects(Component.load(changed, join(folder, 'versions')), (error) => error instanceof HostError && error.message.includes(`imports ${other}, this host lends`));
  }
});

test('more calls at once than there are threads are all answered', async () => {
  const element = elementOn('many');
  try {
    const titles = await Promise.all(Array.from({ length: 40 }, async () => (await element.describe('en')).title));
    assert.deepEqual(new Set(titles), new Set([titles[0]]));
    assert.equal(titles.length, 40);
  } finally {
    await element.close();
  }
});

test('what is no element, no argument or no entry is refused in words', async () => {
  await assert.rejects(Component.load(Buffer.from('no component')), (error) => error instanceof HostError && /component/.test(error.message));
  const element = elementOn('words');
  try {
    await assert.rejects(element.call('login.no-such'), /no function login\.no-such/);
    await assert.rejects(element.call('login.homepage-url', { targets: 'x' }), /no parameter targets, expected target/);
    await assert.rejects(element.call('directory.advance', { run: 'x', until: 'later' }), /until: expected plan, complete/);
  } finally {
    await element.close();
  }
  assert.throws(() => elementOn('words', { allow: ['https://a.example/path'] }), /not usable/);
});

/** @param {string[]} words @returns {Promise<{ status: number, json: any }>} */
function cli(...words) {
  const given = ['--element', join(folder, 'wecom'), '--component', componentFile('wecom'), '--storage', join(folder, 'cli.sqlite'), '--allow-host', authority];
  return new Promise((done) => {
    execFile(process.execPath, [CLI, ...given, ...words], (error, output) => done({ status: Number(error?.code ?? 0), json: JSON.parse(output) }));
  });
}

test('the command line says the same, and its status tells how it went', async () => {
  assert.deepEqual(await cli('validate'), { status: 0, json: { valid: true, problems: [] } });
  const check = await cli('check');
  assert.deepEqual([check.status, check.json.ok], [0, true]);
  const sync = await cli('sync');
  assert.deepEqual([sync.status, sync.json.state, sync.json.members.added], [0, 'complete', VISIBLE]);
  const members = await cli('members', '--search', 'lisi');
  assert.deepEqual([members.status, members.json.length, members.json[0].id.toLowerCase()], [0, 1, 'lisi']);
  const { json: { url } } = await cli('login-url');
  const { code, state } = await signIn(url, 'lisi');
  const exchange = await cli('exchange', '--code', `${code}`, '--state', `${state}`);
  assert.equal(exchange.json.outcome.member.id.toLowerCase(), 'lisi');
  assert.equal((await cli('exchange', '--code', `${code}x`, '--state', `${state}`)).status, 1);
  for (const words of [['no-such-command'], [], ['exchange'], ['--no-such-option', 'check']]) assert.equal((await cli(...words)).status, 2, words.join(' '));
});
