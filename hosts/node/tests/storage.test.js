// What a store answers where the database, the disk or the key is not as it should be.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

/** As files were before forms had numbers: with an entry and two decisions, one of them about all of the element. */
const UNNUMBERED = `
  CREATE TABLE entries (
    tenant TEXT NOT NULL, element TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, version INTEGER NOT NULL,
    expires_at INTEGER, sealed INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (tenant, element, key)
  ) WITHOUT ROWID;
  CREATE INDEX entries_expiry ON entries (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE last_version (only INTEGER PRIMARY KEY CHECK (only = 1), version INTEGER NOT NULL);
  INSERT INTO last_version VALUES (1, 7);
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, element TEXT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
    action TEXT NOT NULL, subject TEXT NOT NULL, before TEXT, after TEXT
  );
  INSERT INTO entries VALUES ('acme', 'wecom', 'm/lisi', '李四', 7, NULL, 0, 12);
  INSERT INTO audit VALUES (4, 'acme', 'wecom', 1000, 'me', 'administration.set-member-roles', 'lisi', NULL, '[]'),
    (9, 'acme', 'wecom', 2000, 'me', 'administration.set-role-rules', '', NULL, '[]');
`;

/** Makes a SQLite file. @param {string} name @param {string} script */
function made(name, script) {
  const file = join(folder, name);
  const database = new Database(file);
  database.exec(script);
  database.close();
  return file;
}

test('a file of a former version goes on', () => {
  const file = made('former', UNNUMBERED);
  for (const last of [8n, 9n]) {
    const { store, mine } = opened('former');
    assert.deepEqual(mine.getMany(['m/lisi']), [{ key: 'm/lisi', value: '李四', version: 7n }]);
    assert.deepEqual(/** @type {any} */ (mine.apply([put('a')])).val, BigUint64Array.of(last));
    // What that form refused.
    mine.append([{ actor: 'me', action: 'administration.set-role-rules' }]);
    store.close();
  }
  const database = new Database(file, { readonly: true });
  assert.deepEqual(database.prepare('SELECT id, subject FROM audit ORDER BY id').raw().all(), [[4, 'lisi'], [9, null], [10, null], [11, null]]);
  database.close();
});

test('a file that is not of this host is refused and left alone', () => {
  for (const [script, words] of /** @type {const} */ ([
    ['CREATE TABLE entries (scope INTEGER); CREATE TABLE trail (id INTEGER); PRAGMA user_version = 1', /name a file of its own/],
    ['PRAGMA application_id = 1; CREATE TABLE audit (x); CREATE TABLE last_version (x)', /name a file of its own/],
    [`${UNNUMBERED} PRAGMA user_version = 2`, /install a later version/],
  ])) {
    const file = made('foreign', script);
    const before = readFileSync(file);
    assert.throws(() => opened('foreign'), { name: 'HostError', message: words });
    assert.ok(readFileSync(file).equals(before), script);
    rmSync(file);
  }
  writeFileSync(join(folder, 'text'), 'x'.repeat(5_000));
  assert.throws(() => opened('text'), { name: 'HostError', message: /file is not a database/ });
  assert.throws(() => opened('none/store'), { name: 'HostError', message: /cannot be opened: ENOENT/ });
});
