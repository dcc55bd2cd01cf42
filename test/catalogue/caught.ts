import type { CorralErrorCode, ErrorPath } from '../../src/errors.js';

/** Code, path and message of what a call throws; fails the test if it does not throw. */
export function caught(call: () => unknown): { code: CorralErrorCode; path: ErrorPath; message: string } {
  try {
    call();
  } catch (error) {
    return error as { code: CorralErrorCode; path: ErrorPath; message: string };
  }
  throw new Error('expected the call to throw');
}
