// Addresses: values are checked and encoded, so that a request reaches the resource that its arguments name, or is not sent.
import { ArgumentError } from './errors.js';
import { grammars } from './generated/operations.js';
import { camelName, snakeName } from './names.js';

/** Fills in the parameters of a path. */
export function expand(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{([a-z_]+)\}/g, (_, name: string) => {
    const parameter = camelName(name);
    const value: unknown = values[parameter];
    const fault = typeof value === 'string' ? faultOf(name, value) : 'must be a string';
    if (fault) throw new ArgumentError(parameter, fault);
    return encodeURIComponent(String(value));
  });
}

/** What is wrong with the value of a path parameter. */
function faultOf(name: string, value: string): string | undefined {
  if (value === '') return 'is empty';
  if (/\p{Surrogate}/u.test(value)) return 'is not well-formed Unicode';
  if (name === 'external_id') return faultOfExternalId(value);
  const grammar = grammars[name];
  if (grammar !== undefined) return new RegExp(grammar, 'u').test(value) ? undefined : `does not match ${grammar}`;
  // HTTP clients resolve dot segments, and proxies decode slashes: either reaches another path.
  return value === '.' || value === '..' || value.includes('/') ? 'is no single path segment' : undefined;
}

/** The rules of the contract for external ids, which the service applies without the white space around them. */
function faultOfExternalId(value: string): string | undefined {
  const trimmed = value.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
  if (trimmed === '') return 'is empty';
  if (trimmed === '.' || trimmed === '..') return 'is . or .., which HTTP clients resolve';
  if (/[\p{Cc}?]/u.test(trimmed)) return 'has a control character or a question mark';
  return [...trimmed].length > 255 ? 'has more than 255 characters' : undefined;
}

/** The query string of the parameters that are set; `prefix` is in front of each name. */
export function query(values: object, prefix = ''): string {
  const set = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  const pairs = set.map(([name, value]) => [`${prefix}${snakeName(name)}`, String(value)] as [string, string]);
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}

/** The address below which all paths are. */
export function base(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) throw new ArgumentError('baseUrl', 'is no absolute http or https URL');
  // fetch refuses them with a message that repeats them.
  if (parsed.username || parsed.password) throw new ArgumentError('baseUrl', 'has a user or password; the key goes into apiKey');
  if (parsed.search || parsed.hash) throw new ArgumentError('baseUrl', 'has a query or a fragment');
  return parsed.href.replace(/\/+$/, '');
}
