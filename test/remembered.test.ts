import { describe, expect, it } from 'vitest';
import { remembered } from '../src/remembered.js';

describe('remembered', () => {
  it('computes the value of a key once, from the key', () => {
    const memory = new Map<string, number[]>();
    const calls: string[] = [];
    const lengthOf = (key: string): number[] => {
      calls.push(key);
      return [key.length];
    };
    const first = remembered(memory, 'abc', lengthOf);
    expect(first).toEqual([3]);
    expect(remembered(memory, 'abc', lengthOf)).toBe(first);
    expect(remembered(memory, 'd', lengthOf)).toEqual([1]);
    expect(calls).toEqual(['abc', 'd']);
  });

  it('keeps 0 and null', () => {
    const memory = new Map<number, number | null>([
      [1, 0],
      [2, null],
    ]);
    expect([remembered(memory, 1, () => 7), remembered(memory, 2, () => 7)]).toEqual([0, null]);
  });
});
