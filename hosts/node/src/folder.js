// An element folder: `e.json`, and the configuration in a file that is named like the folder.

import { lstat, readFile, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { HostError } from './errors.js';

const MAX_BYTES = 1 << 20;

/**
 * Reads an element folder. `{{NAME}}` in its texts is filled from what is granted, and from nothing else.
 * @param {string} folder @param {Record<string, string>} [variables]
 * @returns {Promise<{ name: string, document: Record<string, any> }>}
 */
export async function readFolder(folder, variables = {}) {
  const real = await realpath(folder).catch((error) => { throw new HostError(`${folder} is not an element folder: ${error.code}`); });
  const name = basename(real);
  await readJson(join(real, 'e.json'));
  return { name, document: filled(await readJson(join(real, `${name}.json`)), variables, '') };
}

/** @param {string} file @returns {Promise<any>} */
async function readJson(file) {
  const status = await lstat(file).catch(() => { throw new HostError(`${file} is missing: an element folder holds e.json and a file named like the folder`); });
  if (!status.isFile()) throw new HostError(`${file} is not a regular file: put the file itself there, not a link`);
  if (status.size > MAX_BYTES) throw new HostError(`${file} has ${status.size} bytes, at most ${MAX_BYTES} are read`);
  const text = new TextDecoder('utf-8', { fatal: true });
  try {
    const content = text.decode(await readFile(file));
    const json = JSON.parse(content);
    if (hasKeyTwice(content)) throw new HostError(`${file} cannot be read: a key stands twice in one object`);
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new SyntaxError('expected a JSON object');
    return json;
  } catch (error) {
    if (error instanceof HostError) throw error;
    // The words of the parser may quote the file, and so a secret.
    const what = error instanceof SyntaxError ? 'it is no JSON object' : 'it is not in UTF-8';
    throw new HostError(`${file} cannot be read: ${what}`);
  }
}

/** Whether an object of a JSON text has a key twice: the parser would drop one in silence. @param {string} json */
export function hasKeyTwice(json) {
  /** @type {(Set<string> | null)[]} the keys of the objects around, and nothing for a list */
  const around = [];
  let last = '';
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{') around.push(new Set());
    else if (token === '[') around.push(null);
    else if (token === '}' || token === ']') around.pop();
    else if (token === ':') {
      const [keys, key] = [around.at(-1), JSON.parse(last)];
      if (keys?.has(key)) return true;
      keys?.add(key);
    }
    last = token;
  }
  return false;
}

/** @param {any} value @param {Record<string, string>} variables @param {string} at @returns {any} */
function filled(value, variables, at) {
  if (typeof value === 'string') {
    return value.replace(/\{\{\s*([^{}]*?)\s*\}\}/g, (_, name) => {
      if (!/^[A-Za-z0-9_]+$/.test(name)) throw new HostError(`${at} has braces without a variable in them: write {{NAME}}`);
      if (!Object.hasOwn(variables, name)) throw new HostError(`${at} uses {{${name}}}, which is not granted: add --env ${name}`);
      return variables[name];
    });
  }
  if (Array.isArray(value)) return value.map((item, index) => filled(item, variables, `${at}[${index}]`));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, variables, at === '' ? key : `${at}.${key}`)]));
}
