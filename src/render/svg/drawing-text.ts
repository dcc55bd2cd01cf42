import { unexpected } from '../../checks/values.js';
import type { ErrorPath } from '../../errors.js';
import { TEXT_LENGTH_MAX } from '../../units.js';

/**
 * Reads a title or name for a drawing.
 *
 * @param value - anything
 * @param usual - the text if it is left out
 * @param path - where the caller was given it
 * @returns the text
 * @throws CorralError `invalid-option` for anything but a text of at most 1,024 characters
 */
export function drawingText(value: unknown, usual: string, path: ErrorPath): string {
  if (value === undefined) return usual;
  if (typeof value === 'string' && value.length <= TEXT_LENGTH_MAX) return value;
  throw unexpected(`a text of at most ${TEXT_LENGTH_MAX} characters`, value, path);
}
