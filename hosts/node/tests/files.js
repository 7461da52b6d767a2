// Where the build puts what the tests need. `ORGANISATION_COMPONENTS` names another folder of components, `ORGANISATION_PROGRAM` the program with the
// simulator.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = (/** @type {string} */ path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

const BUILT = { probe: 'probe_element_component.wasm', wecom: 'wecom_organisation.wasm' };

/** @param {string} name of a component, as vectors have it */
export function componentFile(name) {
  const built = /** @type {any} */ (BUILT)[name];
  if (built === undefined) return root(`tests/frozen/${name}.wasm`);
  return `${process.env.ORGANISATION_COMPONENTS ?? root('target/components')}/${built}`;
}

/** The program whose simulator the tests talk to. */
export function program() {
  const found = [process.env.ORGANISATION_PROGRAM, root('target/debug/org-harness'), root('target/release/org-harness')].find((file) => file !== undefined && existsSync(file));
  if (found === undefined) throw new Error('build the program first: cargo build, or name it in ORGANISATION_PROGRAM');
  return found;
}
