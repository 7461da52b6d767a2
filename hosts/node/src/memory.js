// Limits that JavaScript cannot set from outside: the core module gets a maximum for each memory and table that it defines, and
// `memory.grow` and `table.grow` fail above it.

const PAGE = 65_536;
const TABLE_SECTION = 4;
const MEMORY_SECTION = 5;
/** Elements of one table. A component made from Rust has some hundreds. */
const MAX_ELEMENTS = 100_000;
/** `funcref` and `externref`. */
const REFERENCES = [0x70, 0x6f];

/**
 * The module with this maximum for each memory that it defines, or a smaller one where it has that; tables likewise have theirs.
 * @param {Uint8Array} module @param {number} bytes
 * @returns {any} bytes, as `WebAssembly.Module` takes them
 */
export function withMemoryLimit(module, bytes) {
  const parts = [module.subarray(0, 8)];
  for (const { id, at, start, end } of sections(module)) {
    if (id !== TABLE_SECTION && id !== MEMORY_SECTION) {
      parts.push(module.subarray(at, end));
      continue;
    }
    const section = limited(module, start, id === TABLE_SECTION, Math.floor(bytes / PAGE));
    parts.push(Buffer.from([id]), leb(section.length), section);
  }
  return Buffer.concat(parts);
}

/** How many memories and tables a module defines. @param {Uint8Array} module */
export function defined(module) {
  const count = { memories: 0, tables: 0 };
  for (const { id, start } of sections(module)) {
    if (id === MEMORY_SECTION) count.memories += readLeb(module, start).value;
    if (id === TABLE_SECTION) count.tables += readLeb(module, start).value;
  }
  return count;
}

/** @param {Uint8Array} module */
export function* sections(module) {
  for (let at = 8; at < module.length;) {
    const size = readLeb(module, at + 1);
    const end = size.next + size.value;
    yield { id: module[at], at, start: size.next, end };
    at = end;
  }
}

/** @param {Uint8Array} module @param {number} at @param {boolean} isTable @param {number} pages */
function limited(module, at, isTable, pages) {
  const [what, unit, allowed] = isTable ? ['table', 'elements', MAX_ELEMENTS] : ['memory', 'pages', pages];
  const count = readLeb(module, at);
  /** @type {Uint8Array[]} */
  const section = [leb(count.value)];
  let next = count.next;
  for (let item = 0; item < count.value; item += 1) {
    if (isTable) {
      if (!REFERENCES.includes(module[next])) throw new RangeError('the component has a table of a kind that this host does not run');
      section.push(module.subarray(next, next + 1));
      next += 1;
    }
    const flags = module[next];
    if (!(flags <= 1)) throw new RangeError(`the component has a shared or a 64-bit ${what}, which this host does not run`);
    const least = readLeb(module, next + 1);
    next = least.next;
    let most = allowed;
    if (flags === 1) {
      const own = readLeb(module, next);
      most = Math.min(most, own.value);
      next = own.next;
    }
    if (least.value > most) throw new RangeError(`the component begins with ${least.value} ${unit} of ${what}, ${most} are allowed`);
    section.push(Buffer.from([1]), leb(least.value), leb(most));
  }
  return Buffer.concat(section);
}

/** @param {Uint8Array} bytes @param {number} at */
export function readLeb(bytes, at) {
  let value = 0;
  let factor = 1;
  for (let next = at; ; next += 1) {
    if (next >= bytes.length) throw new RangeError('a module breaks off');
    const byte = bytes[next];
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, next: next + 1 };
    factor *= 128;
  }
}

/** @param {number} value */
function leb(value) {
  const bytes = [];
  do {
    bytes.push((value % 128) | (value >= 128 ? 0x80 : 0));
    value = Math.floor(value / 128);
  } while (value > 0);
  return Buffer.from(bytes);
}
