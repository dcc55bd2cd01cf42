import { expect } from 'vitest';

/** What a refusal looks like: its code, where the value is, and in words what was expected in its place. */
export const refusedAs = (code: string, path: readonly (string | number)[]): object =>
  expect.objectContaining({
    name: 'CorralError',
    code,
    path,
    message: expect.stringMatching(path.length > 0 ? /^[^:]+: .*\w+ \w+/ : /\w+ \w+/),
  });

/** What a refused option looks like. */
export const refused = (...path: (string | number)[]): object => refusedAs('invalid-option', path);
