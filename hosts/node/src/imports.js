// What a component imports, with versions, read from its binary: the generator's list has none.

import { HostError } from './errors.js';
import { readLeb, sections } from './memory.js';

const IMPORT_SECTION = 10;
const INSTANCE = 5;

/** The names of the interfaces, such as `wasi:io/streams@0.2.6`. @param {Uint8Array} component @returns {string[]} */
export function importedNames(component) {
  const names = [];
  for (const { id, start } of sections(component)) {
    if (id !== IMPORT_SECTION) continue;
    const count = readLeb(component, start);
    let next = count.next;
    for (let item = 0; item < count.value; item += 1) {
      // One byte says how the name is written; both ways are the same to us.
      const length = readLeb(component, next + 1);
      const end = length.next + length.value;
      const name = Buffer.from(component.subarray(length.next, end)).toString('utf8');
      if (component[next] > 1 || component[end] !== INSTANCE) throw new HostError(`the component imports ${name}, which is no interface`);
      names.push(name);
      next = readLeb(component, end + 1).next;
    }
  }
  return names;
}
