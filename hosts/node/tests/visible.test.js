// Texts of a component and of a vendor, where people read them: no line of a log is forged, and no terminal obeys them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { contract } from '../src/lent.js';
import { LOG_FIELD_BYTES, LOG_LINES } from '../src/limits.js';
import { logLine, visible } from '../src/visible.js';

test('what is shown means the same and moves nothing', () => {
  for (const text of ['\u007f', '\u009b2J', '\u0085', '\u2028', '\u202e', '\u2066', '\u200b', '\ufeff', '\ud800', '\u001b[2J', '\n']) {
    assert.equal(JSON.parse(visible(text)), text);
    assert.match(visible([text]), /^\["[\x20-\x7e]+"\]$/);
  }
  assert.equal(visible({ name: '企业 李四 😀 \u3000' }), '{"name":"企业 李四 😀 \u3000"}');
});

test('a component forges no line of a log', () => {
  const fields = [{ name: 'run', value: 'r1' }, { name: 'x\nerror: forged', value: 'y\u009b' }];
  assert.equal(logLine({ level: 'info', message: 'a\nb', fields }), 'info "a\\nb" run="r1" "x\\nerror: forged"="y\\u009b"');
});

test('lines and fields without text are not kept without end', () => {
  /** @param {number} logBytes @param {number} lines @param {{ name: string, value: string }[]} fields */
  const written = (logBytes, lines, fields) => {
    let kept = 0;
    const budget = { logBytes, logLines: LOG_LINES };
    const call = /** @type {any} */ ({ isPure: false, limits: { memory: 0, parallelism: 1, largest_response: 1 }, deadline: 0 });
    const unused = () => assert.fail();
    const lent = contract(call, { hostCalls: 1, bytesIn: 0, bytesOut: 0, requests: 0, ...budget }, {
      storage: /** @type {any} */ ({}), asked: unused, log: () => { kept += 1; }, memory: () => 0,
    });
    const { write } = /** @type {any} */ (lent['lowcode:organisation/log']);
    for (let line = 0; line < lines; line += 1) write('info', '', fields);
    return [kept, /** @type {any} */ (lent['lowcode:organisation/call']).remaining().logBytes];
  };
  assert.deepEqual(written(100, LOG_LINES + 5, []), [LOG_LINES, 0n]);
  const empty = { name: '', value: '' };
  assert.deepEqual(written(7 * LOG_FIELD_BYTES, 5, [empty, empty]), [3, BigInt(LOG_FIELD_BYTES)]);
});
