// The SQLite file of a store: whether it is one, which form it has, and how one of a former version is brought to the newest.

import { closeSync, openSync } from 'node:fs';

import Database from 'better-sqlite3';

import { HostError } from '../errors.js';

const BUSY_MS = 10_000;
const POLL_MS = 20;

/** Says that a file is this host's: `orgn`. The Rust and the Python host have files of another form. */
const APPLICATION = 0x6f72676e;
const FORM = 1;

const AUDIT = `CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, element TEXT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
    action TEXT NOT NULL, subject TEXT, before TEXT, after TEXT
  );`;
const FRESH = `
  CREATE TABLE entries (
    tenant TEXT NOT NULL, element TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, version INTEGER NOT NULL,
    expires_at INTEGER, sealed INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (tenant, element, key)
  ) WITHOUT ROWID;
  CREATE INDEX entries_expiry ON entries (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE last_version (only INTEGER PRIMARY KEY CHECK (only = 1), version INTEGER NOT NULL);
  INSERT INTO last_version VALUES (1, 0);
  ${AUDIT}
`;
/** Before forms had numbers, a decision about all of the element had an empty subject. */
const UNNUMBERED = `
  ALTER TABLE audit RENAME TO audit_0;
  ${AUDIT}
  INSERT INTO audit SELECT id, tenant, element, at, actor, action, nullif(subject, ''), before, after FROM audit_0;
  DROP TABLE audit_0;
`;

/**
 * Opens the file, made where there is none, in the newest form.
 * @param {string} file @throws {HostError} it cannot be opened, or is not this host's
 */
export function openFile(file) {
  let database;
  try {
    // Only its owner reads it; SQLite gives its other files the same mode.
    closeSync(openSync(file, 'a', 0o600));
    database = new Database(file, { timeout: BUSY_MS });
    const opened = database;
    // Before anything is changed: the file may be somebody else's.
    const form = formOf(opened, file);
    journalAhead(opened);
    // Of several processes that open it at once, the first one does it.
    if (form !== FORM) opened.transaction(() => renew(opened, file)).immediate();
    return opened;
  } catch (error) {
    database?.close();
    throw error instanceof HostError ? error : new HostError(`${file} cannot be opened: ${/** @type {Error} */ (error).message}`);
  }
}

/** The number of its form; 0 where it is empty or of the time before numbers. @param {Database} database @param {string} file */
function formOf(database, file) {
  const [application, form] = ['application_id', 'user_version'].map((name) => database.pragma(name, { simple: true }));
  const tables = tablesOf(database);
  const isUnnumbered = tables.has('last_version') && tables.has('audit');
  if ((application !== 0 && application !== APPLICATION) || (application === 0 && tables.size > 0 && !isUnnumbered)) {
    throw new HostError(`${file} is a SQLite file of another program, or of the Rust or the Python host, whose form is another: name a file of its own`);
  }
  if (form > FORM) throw new HostError(`${file} has form ${form}, and this version of organisation-host reads up to ${FORM}: install a later version`);
  return form;
}

/** @param {Database} database @returns {Set<unknown>} */
function tablesOf(database) {
  return new Set(database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all());
}

/** @param {Database} database @param {string} file */
function renew(database, file) {
  if (formOf(database, file) === FORM) return;
  database.exec(tablesOf(database).size === 0 ? FRESH : UNNUMBERED);
  database.pragma(`application_id = ${APPLICATION}`);
  database.pragma(`user_version = ${FORM}`);
}

/** Writes ahead from now on. SQLite does not wait here for others that open the file too. @param {Database} database */
function journalAhead(database) {
  const until = Date.now() + BUSY_MS;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      database.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      if (!/** @type {any} */ (error).code?.startsWith('SQLITE_BUSY') || Date.now() >= until) throw error;
      Atomics.wait(cell, 0, 0, POLL_MS);
    }
  }
}
