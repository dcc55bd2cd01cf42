import { describe, expect, it } from 'vitest';
import { clusterTopology, compile } from '../../src/index.js';
import { random } from '../../src/policies/index.js';
import { gpuBox } from '../placement/random-cluster.js';

describe('random', () => {
  const SEEDS = 800;
  const cluster = clusterTopology({
    tiers: [],
    types: { box: gpuBox(1) },
    servers: Array.from({ length: 16 }, (_, i) => ({ id: `s${i}`, type: 'box' })),
  });
  /** Which server the first pod goes to, seed by seed. */
  const first = (of: (seed: number) => { policy: ReturnType<typeof random>; seed?: number }): number[] =>
    Array.from({ length: SEEDS }, (_, seed) => {
      const answer = compile(cluster, of(seed)).find({ gpus: 1 });
      return answer.ok ? Number(answer.placement.pods[0]!.server.slice(1)) : -1;
    });
  const ofPolicy = first((seed) => ({ policy: random({ seed }) }));

  it('puts the first pods of seeds in a row on all servers alike', () => {
    const counts = new Array<number>(16).fill(0);
    for (const server of ofPolicy) counts[server]!++;
    const expected = SEEDS / 16;
    const chiSquare = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // 15 degrees of freedom; the chance of more is 1 in 100,000.
    expect(chiSquare).toBeLessThan(50.5);
  });

  it('says nothing with one seed about the next', () => {
    // The step from one seed's server to the next one's, around the circle of 16, is as likely any as another.
    const steps = new Array<number>(16).fill(0);
    for (let i = 1; i < SEEDS; i++) steps[(ofPolicy[i]! - ofPolicy[i - 1]! + 16) % 16]!++;
    const expected = (SEEDS - 1) / 16;
    expect(steps.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)).toBeLessThan(50.5);
  });

  it('takes the seed of compile where it has none of its own', () => {
    expect(first((seed) => ({ policy: random(), seed }))).toEqual(ofPolicy);
  });
});
