import { describe, expect, it } from 'vitest';
import { CorralError, clusterTopology } from '../../../src/index.js';
import { phase } from '../../../src/restart/index.js';
import { simulate } from '../../../src/simulation/index.js';
import { gpuBox } from '../../placement/random-cluster.js';

const cluster = clusterTopology({
  tiers: [],
  types: { four: gpuBox(4), two: gpuBox(2) },
  servers: [
    { id: 'a', type: 'four', gpuModel: 'A' },
    { id: 'b', type: 'two', gpuModel: 'B' },
  ],
});

describe('the timeline of a simulation', () => {
  it('shows at equal distances what was so just before', () => {
    const { timeline } = simulate({
      cluster,
      jobs: [
        { submitSeconds: 5, durationSeconds: 20, gpus: 3 },
        { submitSeconds: 10, durationSeconds: 15, gpus: 4 },
      ],
      timelineSeconds: 10,
    });
    expect(timeline).toEqual({
      seconds: [0, 10, 20, 30, 40],
      heldGpus: [0, 3, 3, 4, 4],
      waitingJobs: [0, 0, 1, 0, 0],
      keptGpus: [0, 0, 0, 0, 0],
      runningJobs: [0, 1, 1, 1, 1],
      unavailableGpus: [0, 0, 0, 0, 0],
      freeGpus: [6, 3, 3, 2, 2],
      fragmentedGpus: [0, 1, 1, 0, 0],
    });
  });

  it('goes on to the end that is asked for, and shows servers that are out', () => {
    const { timeline } = simulate({
      cluster,
      jobs: [{ submitSeconds: 0, durationSeconds: 1, gpus: 1 }],
      failures: {
        laws: [{ name: 'x', level: 'server', failuresPerSecond: 1 / 10, repair: phase.fixed(1000) }],
      },
      untilSeconds: 500,
      timelineSeconds: 100,
    });
    expect(timeline!.seconds).toEqual([0, 100, 200, 300, 400, 500]);
    expect(timeline!.unavailableGpus.at(-1)).toBe(6);
    expect(timeline!.freeGpus.at(-1)).toBe(0);
  });

  it('is absent unless asked for, and has an end', () => {
    const jobs = [{ submitSeconds: 2e6, durationSeconds: 1, gpus: 1 }];
    expect(simulate({ cluster, jobs }).timeline).toBeUndefined();
    const tooMany = (): unknown => simulate({ cluster, jobs, timelineSeconds: 1 });
    expect(tooMany).toThrow(CorralError);
    expect(() => simulate({ cluster, jobs, timelineSeconds: 0 })).toThrow('timelineSeconds');
  });
});

describe('metrics by GPU model', () => {
  it('count the GPU-hours that jobs held on each', () => {
    const { metrics } = simulate({
      cluster,
      jobs: [
        { submitSeconds: 0, durationSeconds: 3600, gpus: 2, gpuModels: ['B'] },
        { submitSeconds: 0, durationSeconds: 1800, gpuMilli: 500, gpuModels: ['A'] },
      ],
    });
    expect(metrics.byGpuModel).toEqual({
      A: { gpus: 4, heldGpuHours: 0.25, utilisation: 0.25 / 4 },
      B: { gpus: 2, heldGpuHours: 2, utilisation: 1 },
    });
  });
});
