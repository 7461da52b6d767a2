// Takes secrets out of a configuration document and puts placeholders in their places, before any function but `validate-config` sees
// it. Where a secret stands is the component's to say; what stands under the key of such a field on any level is taken out as well.

/** @typedef {{ key: string, secret: boolean, inClear: boolean }} Field */
/** @typedef {{ key: string, value: string, placeholder: string }} Secret */

/** A secret of at least so many bytes is replaced in other texts too. A shorter one could stand there innocently. */
const RECOGNISED = 20;
/** White space and control characters that come along when a value is copied from a page. */
const SPACE = '[\\s\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2060\\ufeff]';
const AROUND = new RegExp(`^${SPACE}+|${SPACE}+$`, 'g');

/**
 * @param {any} document the configuration, an object @param {Field[]} fields of `describe`
 * @param {{ key: string, path: string }[]} places of `validate-config` @param {(key: string, value: string) => string} placeholder
 * @returns {{ document: any, secrets: Secret[] }} a document of its own
 */
export function extract(document, fields, places, placeholder) {
  const sentAt = finder(fields, places);
  /** @type {Map<string, Secret>} */
  const secrets = new Map();

  /** @param {any} value @param {string[]} path @returns {any} */
  const walk = (value, path) => {
    const key = path.length > 0 ? sentAt(path) : undefined;
    if (key !== undefined && value !== null) {
      if (typeof value !== 'string') return walk(emptied(value), []);
      const text = value.replace(AROUND, '');
      if (text !== '') {
        const secret = { key, value: text, placeholder: placeholder(key, text) };
        secrets.set(secret.placeholder, secret);
        return secret.placeholder;
      }
    }
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, String(index)]));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item, [...path, name])]));
    }
    return value;
  };

  const found = walk(document, []);
  const long = [...secrets.values()].filter(({ value }) => Buffer.byteLength(value) >= RECOGNISED);
  return { document: hidden(found, long), secrets: [...secrets.values()] };
}

/**
 * Finds the key of the field that is only sent and whose value stands at a path. A component may name as many fields and places as it likes:
 * none of them is looked at again for each value of the document.
 * @param {Field[]} fields @param {{ key: string, path: string }[]} places @returns {(path: string[]) => string | undefined}
 */
function finder(fields, places) {
  /** @type {Map<string, { sent: boolean, order: number }>} */
  const known = new Map();
  for (const [order, { key, secret, inClear }] of fields.entries()) {
    const earlier = known.get(key);
    known.set(key, { sent: (secret && !inClear) || (earlier?.sent ?? false), order: earlier?.order ?? order });
  }
  /** @type {Map<string, string>} */
  const named = new Map();
  for (const { key, path } of places) {
    const { sent, order } = known.get(key) ?? { sent: false, order: 0 };
    const earlier = known.get(named.get(path) ?? '');
    if (sent && (earlier === undefined || order < earlier.order)) named.set(path, key);
  }
  // As JSON: a name in a document may hold a dot.
  const byParts = new Map([...known.keys()].map((key) => [JSON.stringify(key.split('.')), key]));
  const longest = [...known.keys()].reduce((most, key) => Math.max(most, key.split('.').length), 0);
  return (path) => {
    const byName = named.get(path.join('.'));
    if (byName !== undefined) return byName;
    // Else the field with the longest key that the path ends with.
    for (let from = Math.max(0, path.length - longest); from < path.length; from += 1) {
      const key = byParts.get(JSON.stringify(path.slice(from)));
      if (key !== undefined) return known.get(key)?.sent ? key : undefined;
    }
    return undefined;
  };
}

/** A value of another kind, which can only be a mistake, keeps its kind and loses its content. @param {any} value */
function emptied(value) {
  if (typeof value === 'number') return 0;
  if (typeof value === 'boolean') return false;
  return Array.isArray(value) ? [] : {};
}

/** Replaces secrets in texts and keys that are not theirs. @param {any} value @param {Secret[]} secrets @returns {any} */
function hidden(value, secrets) {
  const text = (/** @type {string} */ from) => secrets.reduce((whole, secret) => whole.replaceAll(secret.value, secret.placeholder), from);
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return value.map((item) => hidden(item, secrets));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [text(name), hidden(item, secrets)]));
  }
  return value;
}
