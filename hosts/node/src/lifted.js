// Byte lists that a component hands over. The generated code copies each by `ArrayBuffer.prototype.slice` before the import is called,
// outside the memory that a thread is limited to; and a list of requests may name the same bytes again and again.

import { exceeded } from './budget.js';

/**
 * From now on the slices between two calls of `reset` have at most so many bytes, in this thread.
 * @param {() => number} most
 */
export function boundLifting(most) {
  const slice = ArrayBuffer.prototype.slice;
  let left = most();
  ArrayBuffer.prototype.slice = function bounded(/** @type {number} */ from, /** @type {number} */ to) {
    const size = Math.max(0, Math.min(to ?? this.byteLength, this.byteLength) - (from ?? 0));
    if (size > left) throw exceeded('memory-bytes', 'it hands over more bytes at once than it has memory');
    left -= size;
    return slice.call(this, from, to);
  };
  return {
    reset() { left = most(); },
    end() { ArrayBuffer.prototype.slice = slice; },
  };
}
