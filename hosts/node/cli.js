#!/usr/bin/env node
// Runs an organisation element from the command line. JSON on standard output, in the form of the contract; log lines on standard error.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { CallEnded, Component, Element, HostError, OrganisationError, readFolder, run } from './src/index.js';
import { logLine, visible } from './src/visible.js';

const HELP = `Runs an organisation element.

Usage: node cli.js --element DIR [OPTIONS] COMMAND

Commands:
  describe [--locale zh|en]     what the element is and which configuration it takes
  validate                      judges the configuration without any call; exit 2 when it is invalid
  check                         asks the vendor whether the configuration works; exit 1 when an aspect failed
  sync [--strategy automatic|walk|export] [--dry-run]
                                brings the copy up to date, waiting as long as the vendor asks
  members [--department ID] [--status STATUS] [--search TEXT]
                                the members of the copy
  login-url [--entry browser|workspace|workspace-consent] [--return-to PATH]
                                the URL to which a browser is sent to sign in
  exchange --code CODE --state STATE
                                turns the code and state of a redirect into an identity
  call FUNCTION [JSON]          any function of the contract, such as directory.overview

Options:
  --element DIR        element folder: e.json and a file named like the folder
  --component FILE     the component; ORGANISATION_COMPONENT, or the one that the build of this repository made
  --storage FILE       SQLite file, made where there is none (organisation.sqlite); its key lies beside it, in FILE.key
  --tenant NAME        (default)
  --allow-host ENTRY   repeatable: host, host:port, *.domain or http://host:port, beside what the configuration needs over https
  --env NAME           repeatable: environment variable that {{NAME}} in the configuration may use

Exit status: 0 done; 1 an error was answered; 2 usage or configuration; 3 a limit or a trap ended the call.
`;

const OPTIONS = /** @type {const} */ ({
  element: { type: 'string' }, component: { type: 'string' }, storage: { type: 'string', default: 'organisation.sqlite' },
  tenant: { type: 'string', default: 'default' }, 'allow-host': { type: 'string', multiple: true },
  env: { type: 'string', multiple: true }, locale: { type: 'string', default: 'zh-CN' },
  strategy: { type: 'string', default: 'automatic' }, 'dry-run': { type: 'boolean', default: false },
  department: { type: 'string' }, status: { type: 'string' }, search: { type: 'string' },
  entry: { type: 'string', default: 'browser' }, 'return-to': { type: 'string' }, code: { type: 'string' }, state: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
});

class Usage extends Error {}

const DONE = 0;
const NEGATIVE = 1;
const CONFIGURATION = 2;
const ENDED = 3;
const PAGE = 500;
const BUILT = fileURLToPath(new URL('../../target/components/wecom_organisation.wasm', import.meta.url));

/** @typedef {ReturnType<typeof parseArgs<{ options: typeof OPTIONS, allowPositionals: true }>>['values']} Values */

/** @param {string[]} argv @returns {{ values: Values, positionals: string[] }} */
function options(argv) {
  try {
    return parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new Usage(/** @type {Error} */ (error).message);
  }
}

/** @param {Values} values */
async function open(values) {
  if (values.element === undefined) throw new Usage('name the element folder: --element DIR');
  const file = values.component ?? process.env.ORGANISATION_COMPONENT ?? (existsSync(BUILT) ? BUILT : undefined);
  if (file === undefined) throw new Usage('name the component: --component FILE (cargo build makes it)');
  const variables = Object.fromEntries((values.env ?? []).map((name) => {
    const value = process.env[name];
    if (value === undefined) throw new Usage(`--env ${name} grants a variable that is not set`);
    return [name, value];
  }));
  const { name, document } = await readFolder(values.element, variables);
  const bytes = await readFile(file).catch((error) => { throw new Usage(`cannot read ${file}: ${error.code}`); });
  return new Element(await Component.load(bytes), {
    tenant: values.tenant, name, document, storage: values.storage, allow: values['allow-host'] ?? [], allowNeeded: true,
    log: (line) => process.stderr.write(`${logLine(line)}\n`),
  });
}

/** Every page of a list. @param {Element} element @param {string} name @param {string} list @param {any} filter */
async function all(element, name, list, filter) {
  const items = [];
  let cursor = null;
  do {
    const page = await element.call(name, { filter, cursor, limit: PAGE });
    items.push(...page[list]);
    cursor = page.cursor;
  } while (cursor !== null);
  return items;
}

/** @type {Record<string, (element: Element, values: Values, words: string[]) => Promise<[any, number]>>} */
const COMMANDS = {
  describe: async (element, { locale }) => [await element.describe(locale), DONE],
  validate: async (element) => {
    const { valid, problems } = await element.validate();
    return [{ valid, problems }, valid ? DONE : CONFIGURATION];
  },
  check: async (element) => {
    const aspects = await element.call('element.check-connection');
    const ok = aspects.every((/** @type {any} */ { status }) => status !== 'failed');
    return [{ ok, aspects }, ok ? DONE : NEGATIVE];
  },
  sync: async (element, values) => {
    const step = await run(element, { strategy: values.strategy, until: values['dry-run'] ? 'plan' : 'complete' });
    const [state] = Object.keys(step);
    return [{ state, ...step[state] }, state === 'complete' || state === 'planned' ? DONE : NEGATIVE];
  },
  members: async (element, { department = null, status = null, search = null }) =>
    [await all(element, 'directory.members', 'members', { department, below: department !== null, status, search, role: null }), DONE],
  'login-url': async (element, values) =>
    [await element.call('login.authorization-url', { request: { entry: values.entry, return_to: values['return-to'] ?? null } }), DONE],
  exchange: async (element, { code, state }) => {
    if (code === undefined || state === undefined) throw new Usage('exchange needs --code and --state');
    return [await element.call('login.exchange-code', { request: { code, state } }), DONE];
  },
  call: async (element, _, [name, json = '{}']) => {
    if (name === undefined) throw new Usage('name a function, such as directory.overview');
    return [await element.call(name, JSON.parse(json)), DONE];
  },
};

/** @param {any} error @returns {[any, number]} */
function failure(error) {
  if (error instanceof OrganisationError) {
    return [{ error: error.error }, error.reason === 'invalid-config' ? CONFIGURATION : NEGATIVE];
  }
  if (error instanceof CallEnded) return [{ error: { reason: error.ended, message: error.message } }, ENDED];
  if (error instanceof Usage || error instanceof HostError || error instanceof TypeError || error instanceof SyntaxError) {
    return [{ error: { reason: error instanceof Usage ? 'usage' : 'configuration', message: error.message } }, CONFIGURATION];
  }
  throw error;
}

/** @param {string[]} argv @returns {Promise<[any, number]>} */
async function main(argv) {
  let element;
  try {
    const { values, positionals: [name, ...words] } = options(argv);
    const command = COMMANDS[name];
    if (command === undefined) throw new Usage(name === undefined ? 'name a command; --help lists them' : `there is no command ${name}; --help lists them`);
    element = await open(values);
    return await command(element, values, words);
  } catch (error) {
    return failure(error);
  } finally {
    await element?.close();
  }
}

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(HELP);
} else {
  const [document, status] = await main(process.argv.slice(2));
  process.stdout.write(`${visible(document, 2)}\n`);
  process.exitCode = status;
}
