// Names of a vector: `${vendor}`, `${state}`, `${v1}` (`tests/conformance/README.md`).

const NAME = /\$\{([^{}|]+)(?:\|([a-z]+))?\}/g;

export class Names {
  constructor() {
    /** @type {Map<string, any>} */
    this.known = new Map();
  }

  /** A value with what the names in it stand for. @param {any} value @returns {any} */
  filled(value) {
    return mapped(value, (text) => {
      const whole = /^\$\{([^{}|]+)\}$/.exec(text);
      if (whole !== null && this.known.has(whole[1])) return this.known.get(whole[1]);
      return text.replace(NAME, (kept, name, how) => (this.known.has(name) ? spelt(String(this.known.get(name)), how) : kept));
    });
  }

  /**
   * Where `found` parts from `expected`, or nothing. Names that are met first are known from then on.
   * @param {any} expected @param {any} found @param {string} [at] @returns {string | undefined}
   */
  difference(expected, found, at = '') {
    const parted = () => `${at}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`;
    if (typeof expected === 'string') return this.matches(expected, found) ? undefined : parted();
    if (typeof expected !== 'object' || expected === null || typeof found !== 'object' || found === null) {
      return Object.is(expected, found) ? undefined : parted();
    }
    const keys = new Set([...Object.keys(expected), ...Object.keys(found)]);
    if (Array.isArray(expected) !== Array.isArray(found) || keys.size !== Object.keys(expected).length) return parted();
    for (const key of keys) {
      const difference = this.difference(expected[key], found[key], `${at}/${key}`);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }

  /** @param {string} pattern @param {any} found */
  matches(pattern, found) {
    if (pattern === '${*}') return found !== undefined;
    const whole = /^\$\{([^{}|]+)\}$/.exec(pattern);
    if (whole !== null && !this.known.has(whole[1])) {
      this.known.set(whole[1], found);
      return found !== undefined;
    }
    if (whole !== null) return this.known.get(whole[1]) === found;
    if (typeof found !== 'string') return false;
    /** @type {string[]} */
    const fresh = [];
    const text = pattern.split(/(\$\{[^{}]+\})/).map((part) => {
      const [, name] = /^\$\{([^{}|]+)\}$/.exec(part) ?? [];
      if (name === undefined) return escaped(part);
      if (this.known.has(name)) return escaped(String(this.known.get(name)));
      if (fresh.includes(name)) return `\\${fresh.indexOf(name) + 1}`;
      fresh.push(name);
      return '([^]+?)';
    }).join('');
    const match = new RegExp(`^${text}$`).exec(found);
    fresh.forEach((name, index) => match && this.known.set(name, match[index + 1]));
    return match !== null;
  }
}

/** @param {string} text */
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** @param {string} text @param {string | undefined} how */
function spelt(text, how) {
  const basic = (/** @type {string} */ pair) => `Basic ${Buffer.from(pair).toString('base64')}`;
  switch (how) {
    case undefined: return text;
    case 'percent': return [...Buffer.from(text)].map((byte) => {
      const sign = String.fromCharCode(byte);
      return /[A-Za-z0-9]/.test(sign) ? sign : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    }).join('');
    case 'slashes': return text.replaceAll('/', '\\/');
    case 'basic': return basic(`user:${text}`);
    case 'user': return basic(`${text}:password`);
    default: throw new TypeError(`no spelling is called ${how}`);
  }
}

/** @param {any} value @param {(text: string) => any} change @returns {any} */
function mapped(value, change) {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapped(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapped(item, change)]));
}

/** Arguments with `repeat` and `each` written out. @param {any} value @returns {any} */
export function writtenOut(value) {
  if (Array.isArray(value)) {
    return value.flatMap((item) => (item?.each === undefined ? [writtenOut(item)] : Array.from({ length: item.times }, (_, index) =>
      mapped(item.each, (text) => text.replaceAll('${n}', String(item.from + index).padStart(4, '0'))))));
  }
  if (typeof value !== 'object' || value === null) return value;
  if (value.repeat !== undefined) return value.repeat.repeat(value.times);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, writtenOut(item)]));
}
