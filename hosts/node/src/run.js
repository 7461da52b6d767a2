// Follows a run of the sync, as `directory.advance` says: calls again at once, waits as long as it says, or stops.

import { setTimeout as sleep } from 'node:timers/promises';

import { HostError, OrganisationError } from './errors.js';

/** An element that answers `more` so often does not get on. */
const MOST_CALLS = 100_000;
/** The contract lets nobody wait longer. */
const LONGEST_WAIT_MS = 24 * 3_600_000;

/**
 * Begins or joins a run and follows it.
 * @param {import('./element.js').Element} element
 * @param {{ strategy?: string, until?: 'plan' | 'complete', progress?: (progress: any) => void, signal?: AbortSignal }} [options]
 * @returns {Promise<any>} the step at which it stopped, such as `{ complete: report }`, `{ blocked: … }`, `{ paused: … }` or `{ planned: … }`
 */
export async function run(element, { strategy = 'automatic', until = 'complete', progress = () => {}, signal } = {}) {
  const begin = async () => (await element.call('directory.begin', { strategy })).progress.run;
  let id = await begin();
  let hasBegunAnew = false;
  for (let calls = 0; calls < MOST_CALLS; calls += 1) {
    signal?.throwIfAborted();
    let step;
    try {
      step = await element.call('directory.advance', { run: id, until });
    } catch (error) {
      // Somebody else carried the run to its end or gave it up: once it is begun again.
      if (hasBegunAnew || !(error instanceof OrganisationError) || error.reason !== 'not-found') throw error;
      hasBegunAnew = true;
      id = await begin();
      continue;
    }
    if (step.more !== undefined) {
      progress(step.more);
    } else if (step.wait !== undefined) {
      progress(step.wait.progress);
      const wait = Math.min(Math.max(step.wait.not_before - Date.now(), 0), LONGEST_WAIT_MS);
      await sleep(wait, undefined, { signal });
    } else {
      return step;
    }
  }
  throw new HostError(`the run ${id} does not get on: it answered ${MOST_CALLS} times that there is more to do`);
}
