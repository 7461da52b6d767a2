// Tables of the pure parts: addresses, entries of the operator's list, the end of a prefix, the maximum of a memory.

import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';

import { classOf } from '../src/egress/address.js';
import { Allowance, Client } from '../src/egress/client.js';
import { AllowEntry, readUrl } from '../src/egress/destination.js';
import { DEFAULT_LIMITS } from '../src/limits.js';
import { withMemoryLimit } from '../src/memory.js';
import { Injector } from '../src/secrets/injector.js';
import { fingerprint } from '../src/storage/key.js';
import { prefixEnd } from '../src/storage/sqlite.js';

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
  return { method: 'GET', url: read.url, headers: /** @type {[string, string][]} */ ([]), body: Buffer.alloc(0), destination: read.destination, hostIsWritten, expect: /** @type {const} */ ('text'), timeoutMs, maxBytes: undefined };
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
});

test('fingerprints are those of every host with the same key', () => {
  // As the Rust host computes it.
  assert.equal(fingerprint(Buffer.alloc(32, 7), ['ab', 'c']), '8b2302f09d34accaab13addb6011cb73');
});
