import { type ErrorPath, unexpected } from '../../errors.js';
import { TEXT_LENGTH_MAX } from '../../units.js';

/**
 * A title or name that a caller gives a drawing.
 *
 * @param value - anything
 * @param usual - what is written where it is left out
 * @param path - where the caller was given it
 * @returns the text
 * @throws CorralError `invalid-option` for anything but a text of at most 1,024 characters
 */
export function drawingText(value: unknown, usual: string, path: ErrorPath): string {
  if (value === undefined) return usual;
  if (typeof value === 'string' && value.length <= TEXT_LENGTH_MAX) return value;
  throw unexpected(value, `a text of at most ${TEXT_LENGTH_MAX} characters`, path);
}
