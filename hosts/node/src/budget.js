// Counts calls of imports. One too many ends the call, whatever the component does about it.

/** Marks an error as the end of a call by the limit of this name. */
export const LIMIT = Symbol('limit');

/** @param {string} limit @param {string} message */
export function exceeded(limit, message) {
  return Object.assign(new Error(message), { [LIMIT]: limit });
}

/** Counts a call of the component under way, as the thread serves one at a time. */
let spend = () => {};

/** Has every method of a resource counted. @param {Function[]} classes */
export function countMethods(...classes) {
  for (const { prototype } of classes) {
    for (const name of Object.getOwnPropertyNames(prototype).filter((own) => own !== 'constructor')) {
      const method = prototype[name];
      prototype[name] = function count(/** @type {any} */ ...given) {
        spend();
        return method.apply(this, given);
      };
    }
  }
}

/**
 * The same imports, each function counted from now on, and methods of resources with them.
 * @param {Record<string, any>} interfaces @param {{ hostCalls: number }} budget @param {() => void} [each] what is done besides, each time
 */
export function limited(interfaces, budget, each = () => {}) {
  spend = () => {
    if (budget.hostCalls <= 0) throw exceeded('host-calls', 'the limit host-calls is used up');
    budget.hostCalls -= 1;
    each();
  };
  const counted = (/** @type {Function} */ work) => function count(/** @type {any} */ ...given) {
    spend();
    // @ts-ignore a method gets its object
    return work.apply(this, given);
  };
  const isClass = (/** @type {any} */ item) => /^[A-Z]/.test(item);
  return Object.fromEntries(Object.entries(interfaces).map(([name, functions]) => [name, Object.fromEntries(
    Object.entries(functions).map(([item, work]) => [item, isClass(item) ? work : counted(work)]),
  )]));
}
