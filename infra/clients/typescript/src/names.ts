// The names of members: camelCase in programs, snake_case on the wire.
//
// Invariant: the types here say what the functions here do. `labels` and `metadata` are maps of the caller's own keys, which keep theirs.

/** `display_name` as `displayName`. */
type CamelName<Name extends string> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelName<Tail>>}` : Name;

/** The members that the description names, without those that later versions may add. */
type Known<Key> = string extends Key ? never : number extends Key ? never : Key extends string ? CamelName<Key> : never;

/** Members whose keys are data. */
type Data = 'labels' | 'metadata';

/** An answer of the API as programs see it. */
export type Answered<T> = T extends readonly (infer Item)[]
  ? Answered<Item>[]
  : T extends object
    ? { [Key in keyof T as Known<Key>]: Key extends Data ? T[Key] : Answered<T[Key]> }
    : T;

/** What programs give for a body or for parameters: an optional member may be `undefined`, which is the same as absent. */
export type Given<T> = T extends readonly (infer Item)[]
  ? readonly Given<Item>[]
  : T extends object
    ? { [Key in keyof T as Known<Key>]: (Key extends Data ? T[Key] : Given<T[Key]>) | ({} extends Pick<T, Key> ? undefined : never) }
    : T;

/** `display_name` as `displayName`. */
export const camelName = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** `displayName` as `display_name`. */
export const snakeName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The value with all names of members changed, at every depth but in maps. */
export function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  // Anything but a plain object, for instance a Date, says itself what its JSON is.
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const members = Object.entries(value).map(([name, member]) => [
    rename(name),
    name === 'labels' || name === 'metadata' ? member : renamed(member, rename),
  ]);
  return Object.fromEntries(members);
}
