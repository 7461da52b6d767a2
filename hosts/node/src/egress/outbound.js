// `http` of the contract for one call: budget, policy, secrets and client in their order.

import { isUtf8 } from 'node:buffer';

import { HttpFailure } from './failure.js';

/** @typedef {import('./client.js').Allowance} Allowance */
/** @typedef {{ policy: import('./policy.js').Policy, secrets: import('../secrets/injector.js').Injector, client: import('./client.js').Client }} Network */

/**
 * Sends requests side by side, in the order of the list.
 * @param {any[]} requests as jco gives them @param {Network} network @param {Allowance} allowance
 * @returns {Promise<any[]>} `{ tag: 'ok' | 'err', val }` each
 */
export async function sendAll(requests, network, allowance) {
  const admitted = Math.min(requests.length, allowance.requests);
  allowance.requests -= admitted;
  const results = requests.map(() => refused());
  let next = 0;
  const runner = async () => {
    while (next < admitted) {
      const index = next;
      next += 1;
      results[index] = await send(requests[index], network, allowance);
    }
  };
  await Promise.all(Array.from({ length: Math.min(admitted, allowance.parallelism) }, runner));
  return results;
}

function refused() {
  return { tag: 'err', val: new HttpFailure('budget-exhausted', undefined, 'requests are used up', false).record() };
}

/** @param {any} request @param {Network} network @param {Allowance} allowance @returns {Promise<any>} */
async function send(request, network, allowance) {
  try {
    const checked = network.policy.check(request);
    const { status, headers, body } = await network.client.send(checked, network.secrets, allowance);
    return { tag: 'ok', val: { status, headers, body: formed(body, checked.expect) } };
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    return { tag: 'err', val: error.record() };
  }
}

/** @param {Buffer} body @param {'text' | 'bytes'} expect */
function formed(body, expect) {
  if (expect === 'text' && isUtf8(body)) return { tag: 'text', val: body.toString('utf8') };
  return { tag: 'bytes', val: new Uint8Array(body) };
}
