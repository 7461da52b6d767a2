// What a store answers where the database, the disk or the key is not as it should be.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import Database from 'better-sqlite3';

import { sealingKey } from '../src/storage/key.js';
import { SqliteStore } from '../src/storage/sqlite.js';

const folder = mkdtempSync(join(tmpdir(), 'storage-'));
after(() => rmSync(folder, { recursive: true }));

const KEY = Buffer.alloc(32, 7);

/** @param {string} name @param {Buffer} [key] */
function opened(name, key = KEY) {
  const store = new SqliteStore(join(folder, name), key, Date.now);
  return { store, mine: store.of('acme', 'wecom') };
}

/** @param {string} key @param {boolean} [sealed] @returns {import('../src/storage/sqlite.js').Op} */
const put = (key, sealed = false) => ({ tag: 'put', val: { key, value: 'x'.repeat(10_000), sealed } });

/** @param {() => any} work */
function refusal(work) {
  try {
    work();
  } catch (error) {
    const { tag, val } = /** @type {any} */ (error).payload ?? {};
    return tag === 'unavailable' ? [tag, val] : [tag];
  }
  return ['nothing'];
}

test('a sealed value under another key is an error of the contract', () => {
  const first = opened('sealed');
  first.mine.apply([put('a', true), put('b')]);
  first.store.close();
  const { store, mine } = opened('sealed', Buffer.alloc(32, 8));
  assert.deepEqual(refusal(() => mine.getMany(['a'])), ['other']);
  assert.deepEqual(refusal(() => mine.scan('', undefined, 10)), ['other']);
  assert.equal(mine.getMany(['b']).length, 1);
  store.close();
});

test('a database that cannot write is unavailable, and a broken one something else', () => {
  const { store, mine } = opened('broken');
  store.database.pragma('query_only = ON');
  assert.deepEqual(refusal(() => mine.apply([put('a')])), ['unavailable', false]);
  store.database.pragma('query_only = OFF');
  store.database.pragma(`max_page_count = ${store.database.pragma('page_count', { simple: true })}`);
  assert.deepEqual(refusal(() => mine.apply([put('a'), put('b')])), ['unavailable', false]);
  const other = new Database(join(folder, 'broken'));
  other.exec('DROP TABLE entries');
  other.close();
  for (const work of [() => mine.getMany(['a']), () => mine.scan('', undefined, 1), () => mine.scanKeys('', undefined, 1), () => mine.wait('a', undefined, 0), () => mine.apply([put('a')])]) {
    assert.deepEqual(refusal(work), ['other'], String(work));
  }
  store.close();
});

test('what was committed is on the disk', () => {
  const { store } = opened('full');
  assert.equal(Number(store.database.pragma('synchronous', { simple: true })), 2);
  assert.equal(store.database.pragma('journal_mode', { simple: true }), 'wal');
  store.close();
});

test('the key is made once, for its owner, and nothing lies beside it', () => {
  const file = join(folder, 'keys');
  const key = sealingKey(file);
  assert.ok(sealingKey(file).equals(key));
  assert.equal(key.length, 32);
  assert.equal(statSync(file).mode & 0o077, 0);
  assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith('keys')), ['keys']);
});
