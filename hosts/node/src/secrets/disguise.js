// Placeholders that a library has encoded on its way into a request. Whoever fills none in there must not send them either: the server
// would get a placeholder and the engineer no message.

const ROUNDS = 4;
const LONGEST = 96;
/** Words with an escape behind them that are looked at in one text. */
export const MOST_WORDS = 10_000;
/** The word, and behind it what may begin an encoded `://`. */
const WORD = /secret(?=:?\/?[%\\&]|:\/\/)/g;
/** `secret://` in base64, at each of the three places at which it can begin. */
const BASE64 = ['c2VjcmV0Oi8v', 'NlY3JldDovL', 'zZWNyZXQ6Ly'];
/** @type {Record<string, string>} */
const NAMED = { colon: ':', sol: '/', amp: '&' };
/** Signs of an entity between `&` and `;`. */
const LONGEST_ENTITY = 10;

const [PERCENT, BACKSLASH, AMPERSAND, SEMICOLON, SLASH, U, X] = [...'%\\&;/ux'].map((sign) => sign.charCodeAt(0));
const SCHEME = [...'://'].map((sign) => sign.charCodeAt(0));

/**
 * Whether the text holds a placeholder in any spelling: plain, percent-encoded, escaped as in JSON or HTML, in base64.
 *
 * A component chooses the text, so each word costs the same whatever follows it: signs are decoded one by one, and only as long as they
 * may become `://`. A text with more than `MOST_WORDS` of them is taken to hold one, so that no text costs more.
 * @param {string} text
 */
export function holdsPlaceholder(text) {
  let words = 0;
  for (const { 0: word, index } of text.matchAll(WORD)) {
    if (words === MOST_WORDS) return true;
    words += 1;
    const begin = index + word.length;
    const end = Math.min(begin + LONGEST, text.length);
    for (let rounds = 0; rounds < ROUNDS; rounds += 1) {
      if (isScheme(text, begin, end, rounds)) return true;
    }
  }
  return BASE64.some((part) => text.includes(part));
}

/** @param {string} text @param {number} begin @param {number} end @param {number} rounds */
function isScheme(text, begin, end, rounds) {
  let at = begin;
  for (const wanted of SCHEME) {
    const found = sign(text, at, end, rounds);
    if (codeOf(found) !== wanted) return false;
    at += lengthOf(found);
  }
  return true;
}

/** A sign and how many signs of the text stand for it, in one number: an object for each would cost more than the decoding. @param {number} length @param {number} code */
const packed = (length, code) => (length << 16) | code;
/** @param {number} found */
const lengthOf = (found) => found >>> 16;
/** @param {number} found */
const codeOf = (found) => found & 0xffff;
/** Neither a sign nor an escape. */
const NONE = 0;

/** The sign at this place of what so many rounds of decoding make of the text. @param {string} text @param {number} at @param {number} end @param {number} rounds @returns {number} */
function sign(text, at, end, rounds) {
  if (rounds === 0) return at < end ? packed(1, text.charCodeAt(at)) : NONE;
  const first = sign(text, at, end, rounds - 1);
  const after = at + lengthOf(first);
  let rest = NONE;
  if (codeOf(first) === PERCENT) rest = digits(text, after, end, rounds - 1, 2);
  else if (codeOf(first) === BACKSLASH) rest = escaped(text, after, end, rounds - 1);
  else if (codeOf(first) === AMPERSAND) rest = entity(text, after, end, rounds - 1);
  return rest === NONE ? first : packed(lengthOf(first) + lengthOf(rest), codeOf(rest));
}

/** What follows a backslash. @param {string} text @param {number} at @param {number} end @param {number} rounds */
function escaped(text, at, end, rounds) {
  const next = sign(text, at, end, rounds);
  if (codeOf(next) === SLASH || codeOf(next) === BACKSLASH) return next;
  if (codeOf(next) !== U && codeOf(next) !== X) return NONE;
  const found = digits(text, at + lengthOf(next), end, rounds, codeOf(next) === U ? 4 : 2);
  return found === NONE ? NONE : packed(lengthOf(next) + lengthOf(found), codeOf(found));
}

/** So many hexadecimal digits. @param {string} text @param {number} begin @param {number} end @param {number} rounds @param {number} count */
function digits(text, begin, end, rounds, count) {
  let value = 0;
  let at = begin;
  for (let index = 0; index < count; index += 1) {
    const found = sign(text, at, end, rounds);
    const digit = parseInt(String.fromCharCode(codeOf(found)), 16);
    if (Number.isNaN(digit)) return NONE;
    value = 16 * value + digit;
    at += lengthOf(found);
  }
  return value < 256 ? packed(at - begin, value) : NONE;
}

/** What follows `&`. @param {string} text @param {number} begin @param {number} end @param {number} rounds */
function entity(text, begin, end, rounds) {
  let name = '';
  let at = begin;
  for (let length = 0; length <= LONGEST_ENTITY; length += 1) {
    const found = sign(text, at, end, rounds);
    at += lengthOf(found);
    if (codeOf(found) === SEMICOLON) {
      const number = /^#(?:x([0-9a-f]+)|([0-9]+))$/i.exec(name);
      const code = number === null ? NAMED[name]?.charCodeAt(0) ?? 256 : parseInt(number[1] ?? number[2], number[1] === undefined ? 10 : 16);
      return code < 256 ? packed(at - begin, code) : NONE;
    }
    name += String.fromCharCode(codeOf(found));
    if (!isBeginning(name)) return NONE;
  }
  return NONE;
}

/** Whether an entity may begin like this. @param {string} name */
function isBeginning(name) {
  if (name.startsWith('#')) return name.length === 1 || '0123456789abcdefABCDEFxX'.includes(name[name.length - 1]);
  return Object.keys(NAMED).some((known) => known.startsWith(name));
}
