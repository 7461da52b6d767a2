// Where the fields of a form stand in the configuration of an instance, which pages of the platform spell in several ways.

export type Config = Record<string, any>;

/** What is only there for a variable of the app: `{{WECOM_SECRET}}`. */
export const VARIABLE = /^\{\{\w+\}\}$/;

const OTHER_NAMES: Record<string, string> = { secret: 'corpSecret' };
const NESTED = 'authConfig';

/** The text of a field; what is no text and no number is left as it is, and not shown. */
export function textOf(config: Config, key: string): string | undefined {
  const value = at(config, placeOf(config, key));
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** The configuration with these texts. An empty one takes the field away; one that is unchanged stays the text or number that it was. */
export function withTexts(config: Config, texts: Record<string, string | undefined>): Config {
  const made: Config = JSON.parse(JSON.stringify(config));
  for (const [key, given] of Object.entries(texts)) {
    const text = given?.trim() ?? '';
    if (text !== (textOf(config, key) ?? '')) put(made, placeOf(config, key), text);
  }
  return made;
}

function placeOf(config: Config, key: string): string[] {
  const names = [key, OTHER_NAMES[key]].filter((name) => name !== undefined);
  const places = names.flatMap((name) => [name.split('.'), [NESTED, ...name.split('.')]]);
  return places.find((place) => at(config, place) !== undefined) ?? (NESTED in config ? places[1] : places[0]);
}

function at(config: Config, place: string[]): any {
  return place.reduce<any>((value, name) => (typeof value === 'object' && value !== null ? value[name] : undefined), config);
}

function put(config: Config, place: string[], text: string): void {
  const last = place[place.length - 1];
  let around = config;
  for (const name of place.slice(0, -1)) around = around[name] ??= {};
  if (text === '') delete around[last];
  else around[last] = text;
}
