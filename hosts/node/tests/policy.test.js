// Tables of the pure parts: addresses, entries of the operator's list, the end of a prefix, the maximum of a memory.

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { classOf } from '../src/egress/address.js';
import { Allowance, Client } from '../src/egress/client.js';
import { AllowEntry, readUrl } from '../src/egress/destination.js';
import { contentOf } from '../src/egress/policy.js';
import { LIMIT, limited } from '../src/budget.js';
import { contract } from '../src/lent.js';
import { boundLifting } from '../src/lifted.js';
import { DEFAULT_LIMITS } from '../src/limits.js';
import { defined, withMemoryLimit } from '../src/memory.js';
import { Injector } from '../src/secrets/injector.js';
import { fingerprint } from '../src/storage/key.js';
import { prefixEnd } from '../src/storage/sqlite.js';
import { wasi } from '../src/wasi.js';

test('classes of addresses begin and end where the registries say', () => {
  for (const [expected, ...addresses] of [
    ['public', '1.1.1.1', '172.15.255.255', '172.32.0.1', '100.63.255.255', '100.128.0.0', '198.20.0.1', '223.255.255.255', '2606:4700::1111', '2a00::1'],
    ['private', '127.0.0.1', '127.255.255.254', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '100.64.0.1', '::1', 'fd00::1', 'fec0::1'],
    ['never', '0.0.0.0', '169.254.169.254', '100.100.100.200', '168.63.129.16', '192.0.2.1', '198.18.0.1', '203.0.113.9', '224.0.0.1', '255.255.255.255',
      '::', '::ffff:127.0.0.1', '::127.0.0.1', '::ffff:0:1.1.1.1', '64:ff9b::1.1.1.1', '2001::1', '2001:db8::1', '2002:7f00:1::', 'fe80::1', 'ff02::1',
      'fd00:ec2::254', 'fd20:ce::254', '4000::1', '3fff::1'],
  ]) {
    for (const address of addresses) assert.equal(classOf(address), expected, address);
  }
});

test('an entry admits what it says and nothing beside it', () => {
  for (const [entry, url, admits, names] of /** @type {[string, string, boolean, boolean][]} */ ([
    ['api.example.com', 'https://api.example.com/x', true, true], ['api.example.com', 'https://API.example.com./', true, true],
    ['api.example.com', 'http://api.example.com/', false, false], ['api.example.com', 'https://api.example.com:8443/', false, false],
    ['*.example.com', 'https://a.b.example.com/', true, false], ['*.example.com', 'https://example.com/', false, false],
    ['*.example.com', 'https://badexample.com/', false, false], ['http://intranet.example:8080', 'http://intranet.example:8080/', true, true],
    ['http://intranet.example:8080', 'https://intranet.example:8080/', false, false], ['127.0.0.1:9000', 'http://0x7f.1:9000/', true, true],
    ['[::1]:9000', 'http://[::1]:9000/', true, true], ['localhost:9000', 'http://localhost:9000/', true, true],
  ])) {
    const found = new AllowEntry(entry);
    const { destination } = readUrl(url);
    assert.deepEqual([found.admits(destination), found.names(destination)], [admits, names], `${entry} ${url}`);
  }
  for (const entry of ['', '*', '*:443', 'api.*.com', '*api.example.com', 'https://', 'ftp://a.example', 'a.example/', 'me@a.example', 'a.example:', 'a.example:0',
    'a.example:65536', '::1', '[::1', '*.10.0.0.7', 'a b', 'a..b', 'a.example?x']) {
    assert.throws(() => new AllowEntry(entry), entry);
  }
});

/** @param {string} url @param {boolean} hostIsWritten @param {number} [timeoutMs] */
function checked(url, hostIsWritten, timeoutMs = 5_000) {
  const read = readUrl(url);
  return { method: 'GET', url: read.url, headers: /** @type {[string, string][]} */ ([]), body: Buffer.alloc(0), destination: read.destination, hostIsWritten, expect: /** @type {const} */ ('text'), timeoutMs, maxBytes: undefined, unsent: 0 };
}

test('a name that leads to this machine is reached only where the operator wrote it; an answer that comes too slowly is late', async () => {
  const server = http.createServer((request, response) => {
    if (request.url === '/slow') response.write('a beginning');
    else response.end('ok');
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', () => done(undefined)); });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const client = new Client();
  const allowance = () => new Allowance(DEFAULT_LIMITS, Date.now() + 60_000);
  const secrets = new Injector([], []);
  try {
    await assert.rejects(client.send(checked(`http://localhost:${port}/`, false), secrets, allowance()), { tag: 'denied', reached: false });
    assert.equal((await client.send(checked(`http://localhost:${port}/`, true), secrets, allowance())).body.toString(), 'ok');
    await assert.rejects(client.send(checked(`http://localhost:${port}/slow`, true, 200), secrets, allowance()), { tag: 'timeout', reached: true });
    await assert.rejects(client.send(checked('http://no-such-name.invalid/', true), secrets, allowance()), { tag: 'dns', reached: false });
    await assert.rejects(client.send(checked('http://127.0.0.1:1/', true), secrets, allowance()), { tag: 'connect', reached: false });
  } finally {
    client.close();
    server.closeAllConnections();
    server.close();
  }
});

test('a prefix ends before the next text', () => {
  for (const [prefix, end] of [['a', 'b'], ['member/', 'member0'], ['企', '伂'], ['\u007f', '\u0080'], ['\ud7ff', '\ue000'], ['a\u{10ffff}', 'b'], ['\u{10ffff}', null], ['', null]]) {
    assert.equal(prefixEnd(/** @type {string} */ (prefix)), end);
  }
});

test('a memory gets a maximum, and keeps a smaller one of its own', () => {
  const module = (/** @type {number[]} */ limits) => Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, limits.length + 1, 1, ...limits, 7, 5, 1, 1, 0x6d, 2, 0]);
  for (const [limits, most] of /** @type {[number[], number][]} */ ([[[0, 1], 200], [[1, 1, 3], 3], [[1, 1, 0xff, 0x7f], 200]])) {
    const { m } = /** @type {{ m: WebAssembly.Memory }} */ (new WebAssembly.Instance(new WebAssembly.Module(withMemoryLimit(module(limits), 200 * 65_536))).exports);
    m.grow(most - 1);
    assert.throws(() => m.grow(1), RangeError);
  }
  assert.throws(() => withMemoryLimit(module([0, 0xff, 0x7f]), 65_536), /begins with/);
  assert.throws(() => withMemoryLimit(module([0, 1]).subarray(0, 10), 65_536), /breaks off/);
});

test('a table gets a maximum too, and memories and tables are counted', () => {
  const module = (/** @type {number[][]} */ ...tables) => {
    const entries = tables.flatMap((limits) => [0x70, ...limits]);
    return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 4, entries.length + 1, tables.length, ...entries, 7, 5, 1, 1, 0x74, 1, 0]);
  };
  for (const [limits, most] of /** @type {[number[], number][]} */ ([[[0, 1], 100_000], [[1, 1, 3], 3]])) {
    const { t } = /** @type {{ t: WebAssembly.Table }} */ (new WebAssembly.Instance(new WebAssembly.Module(withMemoryLimit(module(limits), 65_536))).exports);
    t.grow(most - 1);
    assert.throws(() => t.grow(1), RangeError);
  }
  assert.deepEqual(defined(module([0, 1], [1, 1, 3])), { memories: 0, tables: 2 });
  assert.throws(() => withMemoryLimit(module([0, 0xff, 0xff, 0x7f]), 65_536), /begins with/);
});

test('fingerprints are those of every host with the same key', () => {
  // As the Rust host computes it.
  assert.equal(fingerprint(Buffer.alloc(32, 7), ['ab', 'c']), '8b2302f09d34accaab13addb6011cb73');
});

test('base64 of any size is decoded, and nothing else is', () => {
  const large = Buffer.alloc(24 << 20, 7);
  assert.ok(contentOf({ tag: 'base64', val: large.toString('base64') }).equals(large));
  for (const [text, bytes] of [['', ''], ['YQ==', 'a'], ['YWI=', 'ab'], ['YWJj', 'abc']]) assert.equal(contentOf({ tag: 'base64', val: text }).toString(), bytes);
  for (const text of ['Y', 'YQ', 'YQ=', 'Y===', '====', 'YQ==YQ==', 'YWJ-', 'YW J', 'YWJ\n']) {
    assert.throws(() => contentOf({ tag: 'base64', val: text }), { tag: 'other', val: 'invalid-request' }, text);
  }
});

test('an answer that is none ends the request at once', async () => {
  const answers = [
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nx', 'HTTP/1.1 101 S\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\n\r\n',
    'HTTP/2 200 OK\r\n\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello', '',
  ];
  let answer = '';
  const server = net.createServer((socket) => { socket.on('error', () => {}).once('data', () => socket.end(answer)); });
  await new Promise((done) => { server.listen(0, '127.0.0.1', () => done(undefined)); });
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  const client = new Client();
  try {
    for (answer of answers) {
      const sent = client.send(checked(`http://127.0.0.1:${port}/`, true, 20_000), new Injector([], []), new Allowance(DEFAULT_LIMITS, Date.now() + 60_000));
      const begun = Date.now();
      await assert.rejects(sent, { tag: 'other', val: 'broken-answer', reached: true }, answer);
      assert.ok(Date.now() - begun < 10_000, answer);
    }
  } finally {
    client.close();
    server.close();
  }
});

test('bytes that unfold to nothing count as they were sent', async () => {
  const empty = Buffer.concat(Array.from({ length: 1_000 }, () => gzipSync('')));
  const server = http.createServer((_, response) => { response.writeHead(200, { 'content-encoding': 'gzip' }).end(empty); });
  await new Promise((done) => { server.listen(0, '127.0.0.1', () => done(undefined)); });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const client = new Client();
  const send = (/** @type {object} */ limits) => {
    const allowance = new Allowance({ ...DEFAULT_LIMITS, ...limits }, Date.now() + 60_000);
    return client.send(checked(`http://127.0.0.1:${port}/`, true), new Injector([], []), allowance).then(() => DEFAULT_LIMITS.bytes_in - allowance.bytesIn);
  };
  try {
    assert.equal(await send({}), empty.length);
    await assert.rejects(send({ bytes_in: empty.length - 1 }), { tag: 'budget-exhausted' });
    await assert.rejects(send({ largest_response: empty.length - 1 }), { tag: 'too-large' });
  } finally {
    client.close();
    server.closeAllConnections();
    server.close();
  }
});

test('a pure function is lent neither storage nor audit', () => {
  /** @type {any[]} */
  const kept = [];
  const storage = /** @type {any} */ (new Proxy({}, { get: (_, name) => (/** @type {any[]} */ ...given) => { kept.push([name, given]); } }));
  const means = { storage, asked: () => ({}), log: () => {}, memory: () => 0 };
  const call = { interface: 'element', function: 'describe', arguments: [], settings: '{}', limits: DEFAULT_LIMITS, deadline: Date.now() + 60_000 };
  /** @param {boolean} isPure @returns {any} */
  const lent = (isPure) => contract({ ...call, isPure }, {}, means);
  for (const [name, ask] of /** @type {[string, (lent: any) => any][]} */ ([
    ...['getMany', 'scan', 'scanKeys', 'apply', 'deleteRange', 'wait'].map((name) => [name, (/** @type {any} */ all) => all['lowcode:organisation/storage'][name]([], '', 1)]),
    ['append', (all) => all['lowcode:organisation/audit'].append([])],
  ])) {
    assert.throws(() => ask(lent(true)), (error) => /** @type {any} */ (error).payload?.tag === 'other', name);
    assert.deepEqual(kept, [], name);
    ask(lent(false));
    assert.equal(kept.splice(0).length, 1, name);
  }
});

/** @param {() => any} work */
function limitOf(work) {
  try {
    work();
  } catch (error) {
    return /** @type {any} */ (error)[LIMIT];
  }
  return undefined;
}

test('methods of resources are host calls too', () => {
  const lent = limited(wasi({ now: Date.now, deadline: Date.now() + 60_000, output: [] }), { hostCalls: 4 });
  const stream = lent['wasi:cli/stderr'].getStderr();
  const timer = lent['wasi:clocks/monotonic-clock'].subscribeDuration(0n);
  stream.write(Buffer.from('x'));
  timer.block();
  for (const ask of [() => stream.checkWrite(), () => timer.ready(), () => lent['wasi:io/poll'].poll([timer])]) assert.equal(limitOf(ask), 'host-calls');
});

test('a body that cannot be sent stays with the component', () => {
  /** @type {any[]} */
  const carried = [];
  const asked = (/** @type {any} */ { requests }) => {
    carried.push(...requests.map((/** @type {any} */ { body }) => body));
    return { results: [], budget: {} };
  };
  const call = { interface: 'directory', function: 'advance', arguments: [], settings: '{}', isPure: false, limits: DEFAULT_LIMITS, deadline: Date.now() + 60_000 };
  const lent = contract(call, { bytesOut: 10 }, /** @type {any} */ ({ asked }));
  const bodies = [undefined, { tag: 'bytes', val: new Uint8Array(6) }, { tag: 'text', val: '企业' }, { tag: 'base64', val: 'YWI=' }, { tag: 'bytes', val: new Uint8Array(3) }];
  lent['lowcode:organisation/http'].sendAll(bodies.map((body) => ({ body })));
  assert.deepEqual(carried, [bodies[0], bodies[1], { tag: 'unsent', val: 6 }, bodies[3], { tag: 'unsent', val: 3 }]);
});

test('the same bytes a thousand times are more than a memory', () => {
  const memory = new ArrayBuffer(8);
  const lifting = boundLifting(() => 20);
  try {
    assert.equal(memory.slice(2, 6).byteLength, 4);
    assert.equal(memory.slice(0).byteLength, 8);
    assert.equal(limitOf(() => memory.slice(0, 100)), undefined);
    assert.equal(limitOf(() => memory.slice(0, 1)), 'memory-bytes');
    lifting.reset();
    assert.equal(memory.slice(0).byteLength, 8);
  } finally {
    lifting.end();
  }
});
