import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecencyList } from '../../../src/placement/scores/recency-list.js';

/** Servers changed after `since`, latest first. */
function changedSince(list: RecencyList, since: number): number[] {
  const found: number[] = [];
  for (let s = list.head; s !== -1 && list.stamp[s]! > since; s = list.older[s]!) found.push(s);
  return found;
}

describe('RecencyList', () => {
  it('lists every server once to whoever never looked', () => {
    expect(changedSince(new RecencyList(4), 0).sort()).toEqual([0, 1, 2, 3]);
    expect(changedSince(new RecencyList(1), 0)).toEqual([0]);
  });

  it('lists what changed since, each server once, latest first', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 12 })
          .chain((n) => fc.tuple(fc.constant(n), fc.array(fc.nat(n - 1)), fc.nat(60))),
        ([servers, touches, lookAt]) => {
          const list = new RecencyList(servers);
          let since = 0;
          const later: number[] = [];
          touches.forEach((server, i) => {
            if (i === lookAt) {
              since = list.now;
              later.length = 0;
            }
            list.touch(server);
            later.push(server);
          });
          const expected = [...new Set(later.reverse())];
          const found = changedSince(list, since);
          if (since > 0) expect(found).toEqual(expected);
          else expect(found.slice(0, expected.length)).toEqual(expected);
          expect(new Set(changedSince(list, 0)).size).toBe(servers);
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it('lists all after a change of all', () => {
    const list = new RecencyList(5);
    list.touch(3);
    const since = list.now;
    list.touchAll();
    expect(changedSince(list, since).sort()).toEqual([0, 1, 2, 3, 4]);
  });
});
