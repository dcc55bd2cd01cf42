import { describe, expect, it } from 'vitest';
import {
  BYTES_PER_PARAMETER,
  checkpointBytes,
  snapshotStallSeconds,
} from '../../../src/restart/checkpoints/checkpoint-size.js';
import { refused } from '../refusals.js';

describe('checkpointBytes', () => {
  it('is 12 bytes per parameter unless told otherwise', () => {
    expect(checkpointBytes({ parameters: 405e9 })).toBe(4.86e12);
    expect(checkpointBytes({ parameters: 1e9, content: 'weights' })).toBe(2e9);
    expect(checkpointBytes({ parameters: 1e9, bytesPerParameter: 18 })).toBe(18e9);
    for (const [content, bytes] of Object.entries(BYTES_PER_PARAMETER)) {
      expect(checkpointBytes({ parameters: 3, content: content as 'adam' })).toBe(3 * bytes);
    }
  });

  it('refuses nonsense', () => {
    expect(() => checkpointBytes({ parameters: 0 })).toThrow(refused('parameters'));
    expect(() => checkpointBytes({ parameters: 1, content: 'sgd' as never })).toThrow(refused('content'));
    expect(() => checkpointBytes({ parameters: 1, bytesPerParameter: -2 })).toThrow(
      refused('bytesPerParameter'),
    );
    expect(() => checkpointBytes({ parameters: 1, content: 'adam', bytesPerParameter: 2 })).toThrow(
      refused('bytesPerParameter'),
    );
  });
});

describe('snapshotStallSeconds', () => {
  it('copies each GPU’s part at the rate to its host', () => {
    expect(snapshotStallSeconds({ bytes: 4.86e12, gpus: 16_384, deviceToHostGBps: 25 })).toBeCloseTo(
      0.01187,
      5,
    );
    expect(() => snapshotStallSeconds({ bytes: 1, gpus: 0, deviceToHostGBps: 25 })).toThrow(refused('gpus'));
  });
});
