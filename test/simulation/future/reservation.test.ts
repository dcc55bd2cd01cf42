import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { openRun } from '../../../src/simulation/assemble.js';
import { durationOn } from '../../../src/simulation/future/reservation.js';
import type { ClusterRun } from '../../../src/simulation/kernel/cluster-run.js';
import { gpuBox } from '../../placement/random-cluster.js';

function runOf(job: { pods?: number; podsMin?: number; durationSeconds: number }): ClusterRun {
  const cluster = clusterTopology({
    tiers: [],
    types: { two: gpuBox(2) },
    servers: ['a', 'b'].map((id) => ({ id, type: 'two' })),
  });
  return openRun({ cluster, jobs: [{ submitSeconds: 0, gpus: 1, ...job }] }, undefined).run;
}

describe('durationOn', () => {
  it('is longer with fewer pods, and never less than a microsecond', () => {
    const run = runOf({ pods: 3, podsMin: 1, durationSeconds: 20 });
    expect(durationOn(run, 0, 3)).toBe(20e6);
    expect(durationOn(run, 0, 2)).toBe(30e6);
    expect(durationOn(runOf({ durationSeconds: 0 }), 0, 1)).toBe(1);
  });
});
