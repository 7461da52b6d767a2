// What is judged before any data is looked at: `invalid` for what a caller can know, `quota` for what is too long, large or many.

export const PAGE_ITEMS = 1_000;
export const PAGE_BYTES = 1 << 20;
const KEY_BYTES = 512n;
const VALUE_BYTES = 256n << 10n;

/** A `storage-error` of the contract, thrown for jco. */
export class StorageError extends Error {
  /** @param {string} tag @param {any} val */
  constructor(tag, val) {
    super(tag);
    this.payload = { tag, val };
  }
}

/** @param {string} message */
const invalid = (message) => new StorageError('invalid', message);

/** @param {string} name @param {bigint} limit */
const quota = (name, limit) => new StorageError('quota', { name, limit });

/** @param {number} count */
export function checkCount(count) {
  if (count > PAGE_ITEMS) throw quota('call-items', BigInt(PAGE_ITEMS));
}

/** @param {number} bytes */
export function checkBytes(bytes) {
  if (bytes > PAGE_BYTES) throw quota('call-bytes', BigInt(PAGE_BYTES));
}

/** @param {string} key @returns {number} its bytes */
export function checkKey(key) {
  if (key === '') throw invalid('the key is empty');
  return checkText(key, 'key', KEY_BYTES);
}

/** @param {string} text a prefix or where a scan begins @returns {number} its bytes */
export function checkPrefix(text) {
  return checkText(text, 'key', KEY_BYTES);
}

/** @param {string} value @returns {number} its bytes */
export function checkValue(value) {
  return checkText(value, 'value', VALUE_BYTES);
}

/** @param {string} text @param {string} name @param {bigint} limit */
function checkText(text, name, limit) {
  const bytes = Buffer.byteLength(text);
  if (bytes > limit) throw quota(name, limit);
  if (text.includes('\u0000')) throw invalid(`the ${name} contains U+0000`);
  return bytes;
}

/** @param {number} limit */
export function checkLimit(limit) {
  if (limit === 0) throw invalid(`the limit is 0, expected 1 to ${PAGE_ITEMS}`);
  return Math.min(limit, PAGE_ITEMS);
}

/** @param {bigint | undefined} ttl */
export function checkTtl(ttl) {
  if (ttl === 0n) throw invalid('the time to live is 0, expected at least 1 (delete the key instead)');
}

/** How many bytes an answer may still take. The first item always fits, so that every call makes progress. */
export class ResponseBudget {
  constructor() {
    this.left = PAGE_BYTES;
    this.isEmpty = true;
  }

  /** @param {number} bytes */
  admits(bytes) {
    if (!this.isEmpty && bytes > this.left) return false;
    this.isEmpty = false;
    this.left = Math.max(0, this.left - bytes);
    return true;
  }
}
