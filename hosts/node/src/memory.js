// A limit for linear memory, which JavaScript cannot set from outside: the core module gets a maximum in its memory section, and
// `memory.grow` fails above it.

const PAGE = 65_536;
const MEMORY_SECTION = 5;

/**
 * The module with this maximum for each memory that it defines, or a smaller one where it has that.
 * @param {Uint8Array} module @param {number} bytes
 * @returns {any} bytes, as `WebAssembly.Module` takes them
 */
export function withMemoryLimit(module, bytes) {
  let at = 8;
  while (at < module.length) {
    const id = module[at];
    const size = readLeb(module, at + 1);
    const end = size.next + size.value;
    if (id === MEMORY_SECTION) {
      const section = limited(module, size.next, Math.floor(bytes / PAGE));
      return Buffer.concat([module.subarray(0, at), Buffer.from([id]), leb(section.length), section, module.subarray(end)]);
    }
    at = end;
  }
  return module;
}

/** @param {Uint8Array} module @param {number} at @param {number} pages */
function limited(module, at, pages) {
  const count = readLeb(module, at);
  const section = [leb(count.value)];
  let next = count.next;
  for (let memory = 0; memory < count.value; memory += 1) {
    const flags = module[next];
    if (flags > 1) throw new RangeError('the component has a shared or a 64-bit memory, which this host does not run');
    const least = readLeb(module, next + 1);
    next = least.next;
    let most = pages;
    if (flags === 1) {
      const own = readLeb(module, next);
      most = Math.min(most, own.value);
      next = own.next;
    }
    if (least.value > most) throw new RangeError(`the component begins with ${least.value} pages of memory, ${most} are allowed`);
    section.push(Buffer.from([1]), leb(least.value), leb(most));
  }
  return Buffer.concat(section);
}

/** @param {Uint8Array} bytes @param {number} at */
function readLeb(bytes, at) {
  let value = 0;
  let factor = 1;
  for (let next = at; ; next += 1) {
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
