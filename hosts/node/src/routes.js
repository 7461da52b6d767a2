// Of what arrives at a route, what the element is handed.

import { HostError } from './errors.js';

/** @typedef {Map<string, Set<string>>} Routes the headers that each route names */

const MAX_HEADERS = 16;
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** What people bring along who are led to the address of a route. */
const NEVER_SHOWN = ['authorization', 'cookie', 'proxy-authorization'];

/** @param {{ name: string, headers: string[] }[]} named as `validate-config` answers them @returns {Routes} */
export function routesOf(named) {
  return new Map(named.map(({ name, headers }, index) => {
    const never = NEVER_SHOWN.find((one) => headers.includes(one));
    const wrong = headers.length > MAX_HEADERS ? `they are ${headers.length}, at most ${MAX_HEADERS} are possible`
      : !headers.every((header) => NAME.test(header)) ? 'one is no name of a header in lower case'
        : never !== undefined ? `${never} is never handed over` : undefined;
    if (wrong !== undefined) throw new HostError(`routes.${index}.headers of validate-config is not usable: ${wrong}; this is a defect of the component`);
    return [name, new Set(headers)];
  }));
}

/** The arguments of `callbacks.handle`, with those headers that the route names. @param {Record<string, any>} given @param {Routes} routes */
export function presented(given, routes) {
  const { request } = given;
  // What is no request is refused in words where it is made one of the contract.
  if (!Array.isArray(request?.headers)) return given;
  const named = routes.get(request.route);
  const headers = request.headers.filter((/** @type {any} */ header) => named?.has(String(header?.name).toLowerCase()));
  return { ...given, request: { ...request, headers } };
}
