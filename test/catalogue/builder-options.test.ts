import { describe, expect, it } from 'vitest';
import { portsToGBps } from '../../src/catalogue/builder-options.js';

describe('portsToGBps', () => {
  it('turns bits into bytes', () => {
    expect(portsToGBps(1, 400)).toBe(50);
    expect(portsToGBps(32, 100)).toBe(400);
  });
});
