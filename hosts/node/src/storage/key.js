// The key of a store: it seals values, and what fingerprints secrets is derived from it. It never lies in the store.

import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

import { HostError } from '../errors.js';

const PURPOSE = 'organisation-host fingerprint-key 1';
const FINGERPRINT_BYTES = 16;
const NONCE = 12;
const TAG = 16;

/**
 * The 32 bytes of a key file, which is made where there is none: only its owner may read it.
 * @param {string} file
 */
export function sealingKey(file) {
  if (!existsSync(file)) {
    // Written elsewhere and then linked: it is there as a whole or not at all, and the first one stays.
    const scratch = `${file}.${randomBytes(8).toString('hex')}`;
    try {
      writeFileSync(scratch, `${randomBytes(32).toString('base64')}\n`, { flag: 'wx', mode: 0o600, flush: true });
      linkSync(scratch, file);
    } catch (error) {
      if (/** @type {any} */ (error).code !== 'EEXIST') throw error;
    } finally {
      rmSync(scratch, { force: true });
    }
  }
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  if (key.length !== 32) throw new HostError(`${file} holds ${key.length} bytes, expected 32 in base64`);
  return key;
}

/**
 * The fingerprint of a secret, the same on every host with this key.
 * @param {Buffer} key @param {string[]} parts
 */
export function fingerprint(key, parts) {
  return digest(digest(key, [PURPOSE]), parts).subarray(0, FINGERPRINT_BYTES).toString('hex');
}

/** HMAC-SHA-256 of the parts, each after its length. @param {Buffer} key @param {string[]} parts */
function digest(key, parts) {
  const mac = createHmac('sha256', key);
  for (const part of parts) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(Buffer.byteLength(part)));
    mac.update(length).update(part);
  }
  return mac.digest();
}

/** AES-256-GCM, bound to where the value stands. @param {Buffer} key @param {string} place @param {string} value */
export function seal(key, place, value) {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place));
  const sealed = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64');
}

/** @param {Buffer} key @param {string} place @param {string} sealed */
export function unseal(key, place, sealed) {
  const bytes = Buffer.from(sealed, 'base64');
  const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE));
  cipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(bytes.length - TAG));
  return Buffer.concat([cipher.update(bytes.subarray(NONCE, bytes.length - TAG)), cipher.final()]).toString('utf8');
}
