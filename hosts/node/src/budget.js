// Counts calls of imports. One too many ends the call, whatever the component does about it.

/** Marks an error as the end of a call by the limit of this name. */
export const LIMIT = Symbol('limit');

/** @param {string} limit @param {string} message */
export function exceeded(limit, message) {
  return Object.assign(new Error(message), { [LIMIT]: limit });
}

/**
 * The same imports, each function counted. Methods of resources are functions of their classes.
 * @param {Record<string, any>} interfaces @param {{ hostCalls: number }} budget
 */
export function limited(interfaces, budget) {
  const counted = (/** @type {Function} */ work) => function count(/** @type {any} */ ...given) {
    if (budget.hostCalls <= 0) throw exceeded('host-calls', 'the limit host-calls is used up');
    budget.hostCalls -= 1;
    // @ts-ignore a method gets its object
    return work.apply(this, given);
  };
  const isClass = (/** @type {any} */ item) => /^[A-Z]/.test(item);
  return Object.fromEntries(Object.entries(interfaces).map(([name, functions]) => [name, Object.fromEntries(
    Object.entries(functions).map(([item, work]) => [item, isClass(item) ? work : counted(work)]),
  )]));
}
