// `storage` and `audit` of the contract in one SQLite file that threads and processes share. Synchronous: it runs in the worker of the
// call that asks. Every question is one transaction, and one that writes takes the lock when it begins.

import Database from 'better-sqlite3';

import { openFile } from './file.js';
import { seal, unseal } from './key.js';
import {
  PAGE_ITEMS, ResponseBudget, StorageError, checkBytes, checkCount, checkKey, checkLimit, checkPrefix, checkTtl, checkValue,
} from './rules.js';

const POLL_MS = 20;
/** What lies beyond is for ever, for a database whose integers end there. */
const FOR_EVER = (1n << 63n) - 1n;
/** Expired rows that a write takes away with it. */
const REAPED = 100;
const AUDIT_ENTRIES = 500;
const AUDIT_BYTES = 512 << 10;
const AUDIT_ENTRY_BYTES = 64 << 10;

/** Entries of one element. */
const MINE = 'tenant = @tenant AND element = @element AND (expires_at IS NULL OR expires_at > @now)';

/** @typedef {{ tag: 'put', val: { key: string, value: string, ttlMs?: bigint, sealed: boolean } } | { tag: 'delete', val: string } | { tag: 'check', val: Check }} Op */
/** @typedef {{ key: string, expected: { tag: 'absent' } | { tag: 'version', val: bigint } }} Check */
/** @typedef {{ key: string, value: string, version: bigint, sealed: bigint, bytes: bigint }} Row */

/** Busy, full, away, or not to be written now. Anything else is a defect or a broken file. */
const UNAVAILABLE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|NOMEM|PROTOCOL)/;

export class SqliteStore {
  /** @param {string} file @param {Buffer} key seals values @param {() => number} now milliseconds since 1970 */
  constructor(file, key, now) {
    this.key = key;
    this.now = now;
    this.database = openFile(file);
    this.database.defaultSafeIntegers(true);
    // A version that a component has seen is never given out again, also where the power fails.
    this.database.pragma('synchronous = FULL');
    const prepare = (/** @type {string} */ sql) => this.database.prepare(sql);
    this.statements = {
      get: prepare(`SELECT key, value, version, sealed, bytes FROM entries WHERE ${MINE} AND key = @key`),
      version: prepare(`SELECT version FROM entries WHERE ${MINE} AND key = @key`).pluck(),
      // Keys with a prefix are one stretch of the index: from the prefix to the first text behind all of them.
      page: prepare(`SELECT key, value, version, sealed, bytes FROM entries WHERE ${MINE} AND key >= @from AND key > @after
        AND (@end IS NULL OR key < @end) ORDER BY key LIMIT @limit`),
      keys: prepare(`SELECT key, bytes FROM entries WHERE ${MINE} AND key >= @from AND key > @after
        AND (@end IS NULL OR key < @end) ORDER BY key LIMIT @limit`),
      put: prepare(`INSERT INTO entries VALUES (@tenant, @element, @key, @value, @version, @expires, @sealed, @bytes)
        ON CONFLICT DO UPDATE SET value = @value, version = @version, expires_at = @expires, sealed = @sealed, bytes = @bytes`),
      delete: prepare('DELETE FROM entries WHERE tenant = @tenant AND element = @element AND key = @key'),
      reap: prepare(`DELETE FROM entries WHERE (tenant, element, key) IN
        (SELECT tenant, element, key FROM entries WHERE expires_at <= @now LIMIT ${REAPED})`),
      versions: prepare('UPDATE last_version SET version = version + @count RETURNING version').pluck(),
      audit: prepare(`INSERT INTO audit (tenant, element, at, actor, action, subject, before, after)
        VALUES (@tenant, @element, @now, @actor, @action, @subject, @before, @after)`),
    };
  }

  close() {
    this.database.close();
  }

  /** The part of one element. @param {string} tenant @param {string} element */
  of(tenant, element) {
    return new ElementStore(this, { tenant, element });
  }

  /** @template T @param {() => T} work @param {'immediate' | 'deferred'} [mode] @returns {T} */
  transaction(work, mode = 'immediate') {
    return this.guarded(() => this.database.transaction(work)[mode](), mode === 'immediate');
  }

  /** What the database refuses, as an error of the contract. @template T @param {() => T} work @param {boolean} [isWrite] @returns {T} */
  guarded(work, isWrite = false) {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Database.SqliteError)) throw error;
      const { code } = /** @type {{ code: string }} */ (error);
      // A transaction that failed was rolled back, unless the disk does not say what became of it.
      if (UNAVAILABLE.test(code)) throw new StorageError('unavailable', isWrite && code.startsWith('SQLITE_IOERR'));
      throw new StorageError('other', `the store failed: ${code}`);
    }
  }
}

/** What the component of one element is lent. */
export class ElementStore {
  /** @param {SqliteStore} store @param {{ tenant: string, element: string }} scope */
  constructor(store, scope) {
    this.store = store;
    this.scope = scope;
  }

  /** @param {string[]} keys */
  getMany(keys) {
    checkCount(keys.length);
    keys.forEach(checkKey);
    return this.store.transaction(() => {
      const mine = this.mine();
      const budget = new ResponseBudget();
      const found = [];
      for (const key of keys) {
        const row = /** @type {Row | undefined} */ (this.store.statements.get.get({ ...mine, key }));
        if (!budget.admits(row === undefined ? Buffer.byteLength(key) : Number(row.bytes))) break;
        found.push(row === undefined ? undefined : this.entry(row));
      }
      return found;
    }, 'deferred');
  }

  /** @param {string} prefix @param {string | undefined} afterKey @param {number} limit */
  scan(prefix, afterKey, limit) {
    const { rows, more } = this.store.guarded(() => this.page(this.store.statements.page, prefix, afterKey, limit, ({ bytes }) => Number(bytes)));
    return { entries: rows.map((row) => this.entry(row)), more };
  }

  /** @param {string} prefix @param {string | undefined} afterKey @param {number} limit */
  scanKeys(prefix, afterKey, limit) {
    const { rows, more } = this.store.guarded(() => this.page(this.store.statements.keys, prefix, afterKey, limit, ({ key }) => Buffer.byteLength(key)));
    return { keys: rows.map(({ key }) => key), more };
  }

  /** @param {Op[]} ops */
  apply(ops) {
    checkCount(ops.length);
    let bytes = 0;
    for (const op of ops) {
      if (op.tag === 'put') {
        bytes += checkKey(op.val.key) + checkValue(op.val.value);
        checkTtl(op.val.ttlMs);
      } else {
        bytes += checkKey(op.tag === 'delete' ? op.val : op.val.key);
      }
    }
    checkBytes(bytes);
    return this.store.transaction(() => {
      const mine = this.mine();
      const checks = ops.flatMap((op) => (op.tag === 'check' ? [op.val] : []));
      const failed = this.failing(checks, mine);
      if (failed.length > 0) return { tag: 'conflict', val: failed };
      const { statements } = this.store;
      statements.reap.run({ now: mine.now });
      const puts = ops.flatMap((op) => (op.tag === 'put' ? [op.val] : []));
      const last = puts.length === 0 ? 0n : /** @type {bigint} */ (statements.versions.get({ count: puts.length }));
      /** @type {bigint[]} */
      const versions = puts.map((_, index) => last - BigInt(puts.length - 1 - index));
      let put = 0;
      for (const op of ops) {
        if (op.tag === 'put') {
          this.write(op.val, versions[put], mine);
          put += 1;
        } else if (op.tag === 'delete') {
          statements.delete.run({ ...this.scope, key: op.val });
        }
      }
      return { tag: 'applied', val: BigUint64Array.from(versions) };
    });
  }

  /** @param {string} prefix @param {Check[]} checks */
  deleteRange(prefix, checks) {
    checkCount(checks.length);
    checkBytes(checks.reduce((sum, { key }) => sum + checkKey(key), checkPrefix(prefix)));
    return this.store.transaction(() => {
      const failed = this.failing(checks, this.mine());
      if (failed.length > 0) return { tag: 'conflict', val: failed };
      const { rows, more } = this.page(this.store.statements.keys, prefix, undefined, PAGE_ITEMS, ({ bytes }) => Number(bytes));
      for (const { key } of rows) this.store.statements.delete.run({ ...this.scope, key });
      return { tag: more ? 'more' : 'done' };
    });
  }

  /**
   * Parks until the key no longer has this version. Other processes write too, so it looks again and again.
   * @param {string} key @param {bigint | undefined} version @param {number} timeoutMs
   */
  wait(key, version, timeoutMs) {
    checkKey(key);
    const until = Date.now() + timeoutMs;
    const cell = new Int32Array(new SharedArrayBuffer(4));
    for (;;) {
      const found = this.store.guarded(() => this.store.statements.version.get({ ...this.mine(), key }));
      if (found !== version) return true;
      const left = until - Date.now();
      if (left <= 0) return false;
      Atomics.wait(cell, 0, 0, Math.min(left, POLL_MS));
    }
  }

  /** @param {{ actor: string, action: string, subject?: string, before?: string, after?: string }[]} entries */
  append(entries) {
    const sizes = entries.map((entry) => Object.values(entry).reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0));
    if (entries.length > AUDIT_ENTRIES || sizes.some((size) => size > AUDIT_ENTRY_BYTES) || sizes.reduce((a, b) => a + b, 0) > AUDIT_BYTES) {
      throw new StorageError('invalid', `at most ${AUDIT_ENTRIES} entries of ${AUDIT_ENTRY_BYTES} bytes, ${AUDIT_BYTES} together`);
    }
    this.store.transaction(() => {
      const { now } = this.mine();
      for (const { actor, action, subject = null, before = null, after = null } of entries) {
        this.store.statements.audit.run({ ...this.scope, now, actor, action, subject, before, after });
      }
    });
  }

  mine() {
    return { ...this.scope, now: this.store.now() };
  }

  /** @param {any} statement @param {string} prefix @param {string | undefined} after @param {number} limit @param {(row: Row) => number} bytesOf */
  page(statement, prefix, after, limit, bytesOf) {
    checkPrefix(prefix);
    checkPrefix(after ?? '');
    const most = checkLimit(limit);
    const budget = new ResponseBudget();
    /** @type {Row[]} */
    const rows = [];
    const asked = { ...this.mine(), from: prefix, after: after ?? '', end: prefixEnd(prefix), limit: most + 1 };
    for (const row of /** @type {Iterable<Row>} */ (statement.iterate(asked))) {
      if (rows.length === most || !budget.admits(bytesOf(row))) return { rows, more: true };
      rows.push(row);
    }
    return { rows, more: false };
  }

  /** Keys whose checks fail, each once. @param {Check[]} checks @param {object} mine @returns {string[]} */
  failing(checks, mine) {
    const failed = checks.filter(({ key, expected }) =>
      this.store.statements.version.get({ ...mine, key }) !== (expected.tag === 'absent' ? undefined : expected.val));
    return [...new Set(failed.map(({ key }) => key))];
  }

  /** @param {{ key: string, value: string, ttlMs?: bigint, sealed: boolean }} put @param {bigint} version @param {{ now: number }} mine */
  write({ key, value, ttlMs, sealed }, version, mine) {
    const end = ttlMs === undefined ? FOR_EVER : BigInt(mine.now) + ttlMs;
    this.store.statements.put.run({
      ...this.scope, key, version, sealed: sealed ? 1 : 0, bytes: Buffer.byteLength(key) + Buffer.byteLength(value),
      value: sealed ? seal(this.store.key, this.place(key), value) : value, expires: end < FOR_EVER ? end : null,
    });
  }

  /** @param {Row} row */
  entry({ key, value, version, sealed }) {
    if (sealed === 0n) return { key, value, version };
    try {
      return { key, value: unseal(this.store.key, this.place(key), value), version };
    } catch {
      throw new StorageError('other', 'a sealed value cannot be opened: the host has another key, or the store was changed');
    }
  }

  /** @param {string} key */
  place(key) {
    return JSON.stringify([this.scope.tenant, this.scope.element, key]);
  }
}

/**
 * The least text that is greater than every text with this prefix, `null` where there is none. UTF-8 bytes order like code points.
 * @param {string} prefix
 */
export function prefixEnd(prefix) {
  const points = Array.from(prefix, (sign) => /** @type {number} */ (sign.codePointAt(0)));
  while (points.length > 0) {
    const last = /** @type {number} */ (points.pop());
    // Surrogates are no characters: U+D7FF is followed by U+E000.
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    if (next <= 0x10ffff) return String.fromCodePoint(...points, next);
  }
  return null;
}
