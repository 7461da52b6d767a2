// Element folders.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';

import { readFolder } from '../src/index.js';
import { hasKeyTwice } from '../src/folder.js';

const folder = await mkdtemp(join(tmpdir(), 'folder-'));
after(() => rm(folder, { recursive: true }));

test('a key that stands twice is found wherever it stands', () => {
  for (const [json, expected] of /** @type {[string, boolean][]} */ ([
    ['{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}', false],
    ['{"a":"\\"a\\":{","b":": \\\\","c":"]"}', false],
    ['[{"a":1}]', false],
    ['{"a":1,"a":1}', true],
    ['{"a":1,"\\u0061":2}', true],
    ['{"b":[1,{"c":1,"d":{},"c":[]}]}', true],
  ])) assert.equal(hasKeyTwice(json), expected, json);
});

test('a configuration with a key twice is refused', async () => {
  await writeFile(join(folder, 'e.json'), '{}');
  await writeFile(join(folder, `${basename(folder)}.json`), '{"corpId":"one","corpId":"two"}');
  await assert.rejects(readFolder(folder), /a key stands twice/);
});
