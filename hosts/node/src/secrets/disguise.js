// Placeholders that a library has encoded on its way into a request. Whoever fills none in there must not send them either: the server
// would get a placeholder and the engineer no message.

const ROUNDS = 4;
const LONGEST = 96;
/** `secret://` in base64, at each of the three places at which it can begin. */
const BASE64 = ['c2VjcmV0Oi8v', 'NlY3JldDovL', 'zZWNyZXQ6Ly'];
const NAMED = { colon: ':', sol: '/', amp: '&' };

/** Whether the text holds a placeholder in any spelling: plain, percent-encoded, escaped as in JSON or HTML, in base64. @param {string} text */
export function holdsPlaceholder(text) {
  for (let at = text.indexOf('secret'); at !== -1; at = text.indexOf('secret', at + 1)) {
    // Only these begin `://` in any spelling.
    if (!':%\\&'.includes(text[at + 6] ?? ' ')) continue;
    let rest = text.slice(at + 6, at + 6 + LONGEST);
    for (let round = 0; round < ROUNDS; round += 1) {
      if (rest.startsWith('://')) return true;
      rest = decoded(rest);
    }
  }
  return BASE64.some((part) => text.includes(part));
}

/** One encoding undone, whichever it is. @param {string} text */
function decoded(text) {
  return text.replace(/%([0-9a-f]{2})|\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|\\([/\\])|&#x([0-9a-f]{1,8});|&#([0-9]{1,8});|&(colon|sol|amp);/gi,
    (whole, percent, u, x, escaped, hex, decimal, name) => {
      if (escaped !== undefined) return escaped;
      if (name !== undefined) return NAMED[/** @type {'colon'} */ (name)] ?? whole;
      const code = decimal !== undefined ? parseInt(decimal, 10) : parseInt(percent ?? u ?? x ?? hex, 16);
      return code < 256 ? String.fromCharCode(code) : whole;
    });
}
