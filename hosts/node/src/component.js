// A component, made into JavaScript and core modules once and kept by its digest.

import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { CONTRACT } from './contract.js';
import { HostError } from './errors.js';
import { importedNames } from './imports.js';
import { MAX_INSTANCES, MAX_MEMORIES } from './limits.js';
import { defined, withMemoryLimit } from './memory.js';

/** The generator whose output is kept, so that another version makes its own. */
const GENERATOR = 'jco-transpile-0.15.0';

/** What a component may import of WASI (`wit/world.wit`). */
const WASI = new Set([
  'clocks/wall-clock', 'clocks/monotonic-clock', 'random/random', 'random/insecure', 'random/insecure-seed', 'io/error',
  'io/poll', 'io/streams', 'cli/environment', 'cli/exit', 'cli/stdin', 'cli/stdout', 'cli/stderr', 'cli/terminal-input',
  'cli/terminal-output', 'cli/terminal-stdin', 'cli/terminal-stdout', 'cli/terminal-stderr',
].map((name) => `wasi:${name}`));

const WASI_VERSION = '0.2';

const PACKAGE = 'lowcode:organisation/';

const MAX_BYTES = 32 << 20;
const MAX_TABLES = 64;

/** What is being made now, by its folder: whoever wants the same waits for it. @type {Map<string, Promise<void>>} */
const making = new Map();

/** A component that fits the contract, ready to be instantiated by workers. */
export class Component {
  /** @param {string} digest @param {string} code address of the generated module @param {Map<string, Uint8Array>} modules @param {Set<string>} interfaces that it exports */
  constructor(digest, code, modules, interfaces) {
    this.digest = digest;
    this.code = code;
    this.interfaces = interfaces;
    /** @type {Map<string, Uint8Array>} */
    this.bytes = modules;
    this.memories = Object.fromEntries([...modules].map(([name, module]) => [name, defined(module).memories]));
    /** @type {Map<number, Promise<Record<string, WebAssembly.Module>>>} */
    this.compiled = new Map();
  }

  /**
   * Its core modules, whose memory cannot grow beyond so many bytes.
   * @param {number} memory
   */
  modules(memory) {
    let compiled = this.compiled.get(memory);
    if (compiled === undefined) {
      compiled = (async () => {
        const entries = [...this.bytes].map(async ([name, bytes]) =>
          [name, await WebAssembly.compile(withMemoryLimit(bytes, memory))]);
        return Object.fromEntries(await Promise.all(entries));
      })();
      this.compiled.set(memory, compiled);
    }
    return compiled;
  }

  /**
   * Reads a component.
   * @param {Uint8Array} bytes
   * @param {string} [cache] a folder that nobody else may write: what lies there is run
   */
  static async load(bytes, cache = defaultCache()) {
    if (bytes.length > MAX_BYTES) throw new HostError(`the component has ${bytes.length} bytes, at most ${MAX_BYTES} are read`);
    const digest = createHash('sha256').update(bytes).digest('hex');
    await demandOwn(cache);
    const folder = join(cache, `${digest}-${GENERATOR}`);
    let manifest = await readManifest(folder);
    if (manifest === null) {
      const work = making.get(folder) ?? transpile(bytes, folder).finally(() => making.delete(folder));
      making.set(folder, work);
      await work;
      manifest = await readManifest(folder);
      if (manifest === null) throw new HostError(`the folder ${folder} cannot be read after it was written`);
    }
    const interfaces = judge(importedNames(bytes), manifest.exports);
    const modules = new Map();
    if (manifest.modules.length > MAX_INSTANCES) throw new HostError(`the component has ${manifest.modules.length} modules, at most ${MAX_INSTANCES} are run`);
    for (const name of manifest.modules) modules.set(name, await readFile(join(folder, name)));
    demandFew([...modules.values()]);
    return new Component(digest, pathToFileURL(join(folder, 'component.js')).href, modules, interfaces);
  }
}

/** What each instance makes anew. @param {Uint8Array[]} modules */
function demandFew(modules) {
  const counts = modules.map(defined);
  for (const [what, most] of /** @type {['memories' | 'tables', number][]} */ ([['memories', MAX_MEMORIES], ['tables', MAX_TABLES]])) {
    const sum = counts.reduce((total, count) => total + count[what], 0);
    if (sum > most) throw new HostError(`the component has ${sum} ${what}, at most ${most} are run`);
  }
}

function defaultCache() {
  return process.env.ORGANISATION_HOST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'organisation-host');
}

/** What lies in the cache is run, so that nobody else may have put it there. @param {string} cache */
async function demandOwn(cache) {
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const { uid, mode } = await lstat(cache);
  const isOthers = typeof process.getuid === 'function' && (uid !== process.getuid() || (mode & 0o022) !== 0);
  if (isOthers) throw new HostError(`the cache ${cache} is a link, belongs to another user, or others may write to it: name a folder of your own`);
}

/** @typedef {{ modules: string[], exports: string[] }} Manifest */

/** @param {string} folder @returns {Promise<Manifest | null>} */
async function readManifest(folder) {
  try {
    return JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
  } catch (error) {
    if (/** @type {any} */ (error).code === 'ENOENT') return null;
    throw error;
  }
}

/** @param {Uint8Array} bytes @param {string} folder */
async function transpile(bytes, folder) {
  // Read only here: with the kept files a start does without the generator.
  const { transpileBytes } = await import('@bytecodealliance/jco-transpile');
  let made;
  try {
    made = await transpileBytes(bytes, {
      name: 'component', instantiation: 'sync', nodejsCompat: false, base64Cutoff: 0, wasiShim: false,
      emitTypescriptDeclarations: false,
    });
  } catch (error) {
    throw new HostError(`not a component that can be read: ${/** @type {any} */ (error).message ?? error}`);
  }
  const modules = Object.keys(made.files).filter((name) => name.endsWith('.wasm'));
  const exports = made.exports.map(([name]) => name).filter((name) => name.includes('/'));
  // A folder of its own each time, and the name only when it is whole.
  const writing = await mkdtemp(`${folder}.`);
  try {
    for (const [name, content] of Object.entries(made.files)) await writeFile(join(writing, name), content);
    await writeFile(join(writing, 'package.json'), '{"type":"module"}\n');
    await writeFile(join(writing, 'manifest.json'), JSON.stringify({ modules, exports }));
    await rename(writing, folder);
  } catch (error) {
    await rm(writing, { recursive: true, force: true });
    // Somebody else was faster, with the same files.
    if (!['ENOTEMPTY', 'EEXIST'].includes(/** @type {any} */ (error).code)) throw error;
  }
}

/** What is imported and exported against the contract. @param {string[]} imports @param {string[]} exports */
function judge(imports, exports) {
  const lent = new Set(Object.keys(CONTRACT.imports).map((name) => name.split('.')[0]));
  const wanted = CONTRACT.version.split('.').slice(0, 2).join('.');
  for (const whole of imports) {
    const [name, version = ''] = whole.split('@');
    const ours = name.startsWith(PACKAGE) && (lent.has(name.slice(PACKAGE.length)) || name === `${PACKAGE}types`);
    if (!ours && !WASI.has(name)) throw new HostError(`the component imports ${whole}, which this host does not lend`);
    const of = ours ? wanted : WASI_VERSION;
    if (!version.startsWith(`${of}.`)) throw new HostError(`the component imports ${whole}, this host lends version ${of}`);
  }
  const interfaces = new Set();
  const version = new RegExp(`^${PACKAGE}([a-z-]+)@(\\d+\\.\\d+)\\.\\d+$`);
  for (const name of exports) {
    const [, found, of] = version.exec(name) ?? [];
    if (found === undefined) continue;
    if (of !== wanted) throw new HostError(`the component exports ${name}, this host calls version ${CONTRACT.version}`);
    interfaces.add(found);
  }
  for (const base of ['element', 'login', 'directory']) {
    if (!interfaces.has(base)) throw new HostError(`the component does not export ${PACKAGE}${base}@${CONTRACT.version}`);
  }
  return interfaces;
}
