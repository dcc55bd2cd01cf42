import { expect } from 'vitest';

/** What a refused option looks like. */
export const refused = (...path: (string | number)[]): unknown =>
  expect.objectContaining({ name: 'CorralError', code: 'invalid-option', path });
