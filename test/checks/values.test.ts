import { describe, expect, it } from 'vitest';
import { unexpected } from '../../src/checks/values.js';
import { CorralError } from '../../src/errors.js';

describe('unexpected', () => {
  it('says what was expected, what came instead, and where', () => {
    const error = unexpected('true or false', 'x', ['laws', 2, 'memoryLost']);
    expect(error).toBeInstanceOf(CorralError);
    expect(error.code).toBe('invalid-option');
    expect(error.message).toBe('laws[2].memoryLost: expected true or false, got "x"');
    expect(unexpected('a name', 3, [], 'invalid-request').toJSON()).toEqual({
      name: 'CorralError',
      code: 'invalid-request',
      path: [],
      message: 'expected a name, got 3',
    });
  });
});
