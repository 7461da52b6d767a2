// Texts of a component or a vendor, where a person or a terminal reads them.

/** What a terminal obeys, what turns the order of letters about or hides, and what ends a line for some readers. */
const UNSEEN = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const PLAIN = /^[A-Za-z0-9_.-]{1,64}$/;

/** A value as JSON whose texts hold none of these as they are: they are escaped, and mean the same to a program. @param {any} value @param {number} [indent] */
export function visible(value, indent) {
  return JSON.stringify(value, null, indent).replace(UNSEEN, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A log line of a component, on one line. @param {{ level: string, message: string, fields: { name: string, value: string }[] }} line */
export function logLine({ level, message, fields }) {
  return [level, visible(message), ...fields.map(({ name, value }) => `${PLAIN.test(name) ? name : visible(name)}=${visible(value)}`)].join(' ');
}
