import { readList } from '../checks/plain-data.js';
import { unexpected } from '../checks/values.js';
import { TEXT_LENGTH_MAX } from '../units.js';

/** GPU models that documents and requests draw from, unless told otherwise. */
export const DEFAULT_GPU_MODELS: readonly string[] = ['A', 'B', 'C'];

/** Labels that servers have and requests ask for. */
export const LABELS: readonly string[] = ['pool', 'zone', 'owner'];

/** Their values. */
export const LABEL_VALUES: readonly string[] = ['', 'x', 'y'];

/** Most names in one constraint. */
const NAMES_MAX = 1024;

/**
 * Reads the constraint once; returns it, or its default. @throws CorralError `invalid-option` if it is no list of
 * `min` to 1,024 names
 */
export function namesOf(
  name: string,
  value: readonly string[] | undefined,
  defaults: { readonly names: readonly string[]; readonly min: number },
): readonly string[] {
  if (value === undefined) return defaults.names;
  const names: readonly unknown[] = readList(value, [name], 'invalid-option', NAMES_MAX);
  const isName = (entry: unknown): boolean =>
    typeof entry === 'string' && entry.length > 0 && entry.length <= TEXT_LENGTH_MAX;
  if (names.length < defaults.min || !names.every(isName)) {
    throw unexpected(`${defaults.min} or more names of 1 to ${TEXT_LENGTH_MAX} characters`, value, [name]);
  }
  return names as readonly string[];
}
