// What this host costs beside the Rust host, on the same simulated organisation and SQLite files of their own:
//
//     node bench.js --program target/release/org-harness [--component FILE] [--members 1000 --members 10000] [--times 3]
//
// Prints a line for each figure: the least of so many rounds, in each of which both hosts have their turn, so that other work on the machine
// matters little. What counts is CPU, user and system, of whole processes, start included, and how many times that of the Rust host it
// is. Memory is the most that a process had, where /proc tells. Needs bash.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { Component, Element, readFolder } from './src/index.js';

const CLI = fileURLToPath(new URL('cli.js', import.meta.url));
const COMPONENT = fileURLToPath(new URL('../../target/components/wecom_organisation.wasm', import.meta.url));
const SIGN_INS = 30;
const LOOK_MS = 10;

const { values } = parseArgs({ options: {
  program: { type: 'string', default: fileURLToPath(new URL('../../target/debug/org-harness', import.meta.url)) },
  component: { type: 'string', default: COMPONENT }, members: { type: 'string', multiple: true, default: ['1000', '10000'] }, times: { type: 'string', default: '3' },
} });

/** @typedef {{ cpu: number, memory: number, out: string, err: string }} Cost seconds, MiB, and what it said */

/** @param {string[]} command @returns {Promise<Cost>} */
async function measured(command) {
  const shell = spawn('bash', ['-c', '"$@"; status=$?; times >&2; exit $status', 'bash', ...command]);
  /** @type {[Buffer[], Buffer[]]} */
  const [out, err] = [[], []];
  shell.stdout.on('data', (data) => out.push(data));
  shell.stderr.on('data', (data) => err.push(data));
  let memory = 0;
  const looking = setInterval(() => { memory = Math.max(memory, highWaterOf(shell.pid ?? 0)); }, LOOK_MS);
  const [status] = await once(shell, 'close');
  clearInterval(looking);
  const said = Buffer.concat(err).toString();
  if (status !== 0) throw new Error(`${command.join(' ')}: ${said}`);
  // The last line: minutes and seconds that children of the shell took, as user and in the system.
  const [user, system] = [...said.trimEnd().split('\n').at(-1)?.matchAll(/([0-9]+)m([0-9.]+)s/g) ?? []].map(([, minutes, seconds]) => 60 * Number(minutes) + Number(seconds));
  return { cpu: user + system, memory, out: Buffer.concat(out).toString(), err: said };
}

/** MiB that the child of a process had at most; 0 where it cannot be told. @param {number} pid */
function highWaterOf(pid) {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    const [, kib] = /VmHWM:\s+([0-9]+) kB/.exec(readFileSync(`/proc/${child}/status`, 'utf8')) ?? [];
    return Math.round(Number(kib ?? 0) / 1024);
  } catch {
    return 0;
  }
}

/** Runs the simulator while `work` runs. @param {string} element @param {string} members @param {(address: string) => Promise<void>} work */
async function beside(element, members, work) {
  const simulator = spawn(values.program, ['simulate', '--listen', '127.0.0.1:0', '--element-dir', element, '--members', members], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface({ input: simulator.stdout })) {
      const [, address] = /http:\/\/(127\.0\.0\.1:[0-9]+)/.exec(line) ?? [];
      if (address !== undefined) {
        simulator.stdout.resume();
        await work(address);
        return;
      }
    }
    throw new Error('the simulator did not begin');
  } finally {
    simulator.kill();
  }
}

/** The way back from the sign-in page. @param {string} url @param {string} member */
async function signIn(url, member) {
  const page = await fetch(url, { method: 'POST', body: new URLSearchParams({ member }), redirect: 'manual' });
  const { searchParams: found } = new URL(page.headers.get('location') ?? '');
  return { code: found.get('code') ?? '', state: found.get('state') ?? '' };
}

/** @param {number[]} list */
const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** @param {string} title @param {Record<string, { cpu: number, memory?: number }>} hosts @param {string} unit */
function show(title, hosts, unit) {
  for (const [name, { cpu, memory }] of Object.entries(hosts)) {
    const shown = `${cpu.toFixed(2)} ${unit} CPU (${(cpu / hosts.Rust.cpu).toFixed(1)} x)${memory === undefined ? '' : `, ${memory} MiB`}`;
    process.stdout.write(`${title}, ${name}: ${shown}\n`);
  }
}

const folder = await mkdtemp(join(tmpdir(), 'organisation-bench-'));
try {
  for (const members of values.members) {
    const element = join(folder, `e${members}`);
    await beside(element, members, async (address) => {
      const options = ['--element', element, '--component', values.component, '--allow-host', address];
      const files = (/** @type {string} */ host, /** @type {number} */ round) => join(folder, `${members}-${host}-${round}.db`);
      const rust = (/** @type {number} */ round, /** @type {string[]} */ ...words) =>
        [values.program, ...options, '--format', 'json', '--report', '--storage', `sqlite:${files('Rust', round)}`, ...words];
      const node = (/** @type {number} */ round, /** @type {string[]} */ ...words) => [process.execPath, CLI, ...options, '--storage', files('Node', round), ...words];
      for (const title of ['first', 'unchanged']) {
        /** @type {Record<string, Cost>} */
        const least = {};
        for (let round = 0; round < Number(values.times); round += 1) {
          for (const [name, command] of Object.entries({ Rust: rust(round, 'sync', '--strategy', 'walk'), Node: node(round, 'sync', '--strategy', 'walk') })) {
            const cost = await measured(command);
            if (least[name] === undefined || cost.cpu < least[name].cpu) least[name] = cost;
          }
        }
        show(`${members.padStart(7)} members, ${title} sync`, least, 's');
      }
      if (members !== values.members[0]) return;
      const [{ id }] = JSON.parse((await measured(rust(0, 'members'))).out);
      const inRust = [];
      for (let round = 0; round < SIGN_INS / 3; round += 1) {
        const { url } = JSON.parse((await measured(rust(0, 'login-url', '--entry', 'browser'))).out);
        const { code, state } = await signIn(url, id);
        const { err } = await measured(rust(0, 'exchange', '--code', code, '--state', state));
        const reports = err.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
        inRust.push(reports.find((report) => report.function === 'login.exchange-code').cpu_us / 1_000);
      }
      const { name, document } = await readFolder(element);
      const host = new Element(await Component.load(await readFile(values.component)), { tenant: 'bench', name, document, storage: files('Node', 0), allow: [address] });
      const inNode = [];
      for (let round = 0; round < SIGN_INS; round += 1) {
        const { url } = await host.call('login.authorization-url', { request: { entry: 'browser' } });
        const request = await signIn(url, id);
        const before = process.cpuUsage();
        await host.call('login.exchange-code', { request });
        const { user, system } = process.cpuUsage(before);
        inNode.push((user + system) / 1_000);
      }
      await host.close();
      show('exchange-code', { Rust: { cpu: middle(inRust) }, Node: { cpu: middle(inNode) } }, 'ms');
    });
  }
} finally {
  await rm(folder, { recursive: true });
}
