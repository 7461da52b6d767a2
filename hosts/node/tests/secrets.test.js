// Secrets: where they are taken out of a document and filled in, and what is recognised as a placeholder in whatever spelling.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readUrl } from '../src/egress/destination.js';
import { MOST_WORDS, holdsPlaceholder } from '../src/secrets/disguise.js';
import { Injector } from '../src/secrets/injector.js';
import { extract } from '../src/secrets/placeholder.js';

const PLACEHOLDER = 'secret://key?v=00ff';

/** What is sent of this body, with the secret `s"c` filled in. @param {string} body @param {string} [kind] */
function filledIn(body, kind = 'application/json') {
  const destination = readUrl('https://a.example/').destination;
  const secrets = new Injector([{ key: 'key', value: 's"c', placeholder: PLACEHOLDER }], [{ destination, secrets: ['key'] }]);
  const url = new URL('https://a.example/');
  const request = { method: 'POST', url, destination, hostIsWritten: true, expect: /** @type {const} */ ('text'), timeoutMs: 5_000, maxBytes: undefined, unsent: 0, headers: /** @type {[string, string][]} */ ([['content-type', kind]]), body: Buffer.from(body) };
  return secrets.fill(request).body.toString();
}

test('a secret stands as a whole JSON string or form value, however the rest is written', () => {
  const form = 'application/x-www-form-urlencoded';
  const long = `"${'\\"'.repeat(2_000_000)}"`;
  for (const [body, expected, kind] of [
    [`{"a":"${PLACEHOLDER}"}`, '{"a":"s\\"c"}'],
    [` \n["secret:\\/\\/key?v=00ff", "\\\\", "${PLACEHOLDER}"]`, ' \n["s\\"c", "\\\\", "s\\"c"]'],
    [`[${long},"${PLACEHOLDER}"]`, `[${long},"s\\"c"]`],
    [`["${'\\\\'.repeat(2_000_000)}"${' '.repeat(4_000_000)},"${PLACEHOLDER}"]`, `["${'\\\\'.repeat(2_000_000)}"${' '.repeat(4_000_000)},"s\\"c"]`],
    // No string ends here, at none of its quotes.
    [`["${'\\"'.repeat(2_000_000)}`, `["${'\\"'.repeat(2_000_000)}`],
    [`a=1&b=${encodeURIComponent(PLACEHOLDER)}&&c`, 'a=1&b=s%22c&&c', form],
    [`${'&'.repeat(4_000_000)}b=${PLACEHOLDER}`, `${'&'.repeat(4_000_000)}b=s%22c`, form],
  ]) {
    assert.ok(filledIn(body, kind) === expected, body.slice(0, 80));
  }
  for (const body of [`{"${PLACEHOLDER}" \n: 1}`, `["x${PLACEHOLDER}"]`, `["\\"${PLACEHOLDER}"]`, `"${PLACEHOLDER}`]) {
    assert.throws(() => filledIn(body), { tag: 'denied' }, body);
  }
});

test('a placeholder is found in every spelling of a library, and nothing else is one', () => {
  for (const text of ['secret://k?v=1', 'a secret%3A%2F%2Fk', 'secret%3a%2f%2fk', 'secret:%2F%2Fk', 'secret%253A%252F%252Fk', 'secret:\\/\\/k', 'secret:\\\\\\/\\\\\\/k',
    'secret\\u003a\\u002f\\u002Fk', 'secret:\\x2f\\x2fk', 'secret&#58;&#x2F;&#47;k', 'secret&colon;&sol;&sol;k', 'secret:&amp;#47;&amp;#47;k', 'secret%25%33a%2f/',
    'secret%26#58;%5Cx2f%5C/', ...['', 'a', 'ab', 'abc'].map((before) => Buffer.from(`${before}secret://k?v=1`).toString('base64'))]) {
    assert.ok(holdsPlaceholder(text), text);
  }
  for (const text of ['', 'secret', 'secret=1', 'secret:', 'secret:/k', 'corpsecret%3D', 'secret%', 'secret%3a%2f%2', 'secret\\u00', 'secret&;', 'secret&colo;//', 'secret&#0000000000058;//',
    'secret\\u013a//', `secret${'%25'.repeat(40)}3a//`]) {
    assert.ok(!holdsPlaceholder(text), text);
  }
});

/** Fields by key, `!` before those that are only sent. @param {...string} keys */
const fieldsOf = (...keys) => keys.map((key) => ({ key: key.replace('!', ''), secret: key.startsWith('!'), inClear: false }));

test('a secret is taken out where the component names it, and where its field would stand', () => {
  const long = 'a-secret-of-more-than-twenty-bytes';
  for (const [document, fields, places, expected] of /** @type {[any, any[], string[], any][]} */ ([
    [{ secret: 'S' }, fieldsOf('!secret'), [], { secret: '<secret>' }],
    [{ other: 'S' }, fieldsOf('!secret'), ['secret other'], { other: '<secret>' }],
    [{ a: { b: [{ secret: ' S\n' }] } }, fieldsOf('!secret'), [], { a: { b: [{ secret: '<secret>' }] } }],
    [{ a: { secret: 'S', b: { secret: 'T' } } }, fieldsOf('!secret', 'a.secret'), [], { a: { secret: 'S', b: { secret: '<secret>' } } }],
    // A name that holds a dot is no path.
    [{ 'x.a': { secret: 'S' } }, fieldsOf('!secret', 'x.a.secret'), [], { 'x.a': { secret: '<secret>' } }],
    [{ secret: 'S' }, fieldsOf('!a', '!b', '!secret'), ['b secret', 'a secret'], { secret: '<a>' }],
    [{ secret: 'S' }, fieldsOf('secret', '!secret'), [], { secret: '<secret>' }],
    [{ secret: ['S'], b: long, [long]: 1 }, fieldsOf('!secret', '!b'), [], { secret: [], b: '<b>', '<b>': 1 }],
  ])) {
    const named = places.map((place) => { const [key, path] = place.split(' '); return { key, path }; });
    assert.deepEqual(extract(document, fields, named, (key) => `<${key}>`).document, expected, JSON.stringify(document));
  }
});

test('fields are read once, however many values the document has', () => {
  let reads = 0;
  const fields = Array.from({ length: 1_000 }, (_, index) => ({ get key() { reads += 1; return `key${index}`; }, secret: true, inClear: false }));
  extract(Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`other${index}`, 'x'])), fields, [], (key) => key);
  assert.ok(reads < 5_000, `${reads} reads`);
});

test('whatever a component puts behind the word, looking at it costs the same, and no text costs more than some words do', () => {
  const own = String.prototype.charCodeAt;
  let reads = 0;
  String.prototype.charCodeAt = function counted(/** @type {number} */ at) { reads += 1; return own.call(this, at); };
  const readsOf = (/** @type {string} */ text) => { reads = 0; const found = holdsPlaceholder(text); return { found, reads }; };
  try {
    for (const piece of ['%25', '%', '&', '&#x0000003a', '&#x0000003a;&#x0000002f;&#x0000002', '\\u003a%2f%2', '%2525252525252525252525252525252525252525', '%253a%252f%252', '\\',
      '%26amp%3bamp;#x3', ':/%']) {
      const [once, twice, most, more] = [500, 1_000, MOST_WORDS, 3 * MOST_WORDS].map((times) => ({ ...readsOf(`secret${piece}`.repeat(times)), times }));
      assert.ok(!once.found && once.reads < 1_000 * once.times, `${piece}: ${once.reads} reads`);
      assert.ok(twice.reads <= 2 * once.reads + 1_000, `${piece}: ${once.reads}, ${twice.reads} reads`);
      assert.ok(!most.found && more.found && more.reads <= most.reads + 1_000, `${piece}: ${most.reads}, ${more.reads} reads`);
    }
    assert.deepEqual(readsOf('secret: x, secret=, secret/'.repeat(MOST_WORDS)), { found: false, reads: 0 });
  } finally {
    String.prototype.charCodeAt = own;
  }
});
