import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScoreTree } from '../../../src/placement/state/score-tree.js';

const update = (servers: number) =>
  fc.record({
    server: fc.nat(servers - 1),
    score: fc.oneof(fc.constant(Number.NEGATIVE_INFINITY), fc.integer({ min: -3, max: 3 })),
  });

describe('ScoreTree', () => {
  it.each([false, true])('finds what a scan finds after any updates (ties counted: %s)', (countTies) => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 70 })
          .chain((n) => fc.tuple(fc.constant(n), fc.array(update(n), { maxLength: 200 }))),
        ([servers, updates]) => {
          const tree = new ScoreTree(servers, { countTies });
          const scores = new Array<number>(servers).fill(Number.NEGATIVE_INFINITY);
          for (const { server, score } of updates) {
            tree.set(server, score);
            scores[server] = score;
            const best = Math.max(...scores);
            expect(tree.best()).toBe(best);
            if (best === Number.NEGATIVE_INFINITY) continue;
            const winners = scores.flatMap((s, i) => (s === best ? [i] : []));
            expect(tree.first()).toBe(winners[0]);
            if (!countTies) continue;
            expect(tree.tied()).toBe(winners.length);
            expect(winners.map((_, i) => tree.nth(i))).toEqual(winners);
          }
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });
});
