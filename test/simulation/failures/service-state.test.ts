import { describe, expect, it } from 'vitest';
import { phase } from '../../../src/restart/index.js';
import { type SimulateOptions, simulate } from '../../../src/simulation/index.js';
import { refusedAs } from '../../restart/refusals.js';
import { oneGpuServers } from '../one-gpu-servers.js';
import { replayOf } from '../replay.js';

const SERVERS = 6;
const options = (seed: number, spareServers: number, repairSeconds = 60): SimulateOptions => ({
  cluster: oneGpuServers(SERVERS),
  jobs: [],
  failures: {
    spareServers,
    laws: [
      { name: 'server', level: 'server', failuresPerSecond: 1 / 400, repair: phase.fixed(repairSeconds) },
    ],
  },
  timelineSeconds: 1,
  untilSeconds: 600,
  seed,
});

describe('servers out of service', () => {
  it('are those that are broken, until the last of their repairs ends', () => {
    let most = 0;
    for (let seed = 0; seed < 30; seed++) {
      const { outages, result } = replayOf(options(seed, 0));
      const { seconds, unavailableGpus, freeGpus } = result.timeline!;
      seconds.forEach((time, i) => {
        // A sample shows what was so just before its time.
        const out = [...outages.values()].filter((of) => of.some(([from, to]) => from < time && time <= to));
        expect(unavailableGpus[i], `seed ${seed}, ${time} s`).toBe(out.length);
        expect(freeGpus[i]).toBe(SERVERS - out.length);
        most = Math.max(most, out.length);
      });
    }
    expect(most).toBeGreaterThan(2);
  });

  it('are as many as there are spares while no more are broken', () => {
    for (let seed = 0; seed < 30; seed++) {
      // Repairs so short that no two servers are broken at a time.
      const { outages, result } = replayOf(options(seed, 2, 1));
      const all = [...outages.values()].flat().sort(([a], [b]) => a - b);
      if (all.some(([from], i) => i > 0 && from < all[i - 1]![1])) continue;
      expect(new Set(result.timeline!.unavailableGpus)).toEqual(new Set([2]));
    }
  });

  it('are the last of the document, as long as nothing fails', () => {
    const jobs = Array.from({ length: SERVERS - 2 }, () => ({
      submitSeconds: 0,
      durationSeconds: 1,
      gpus: 1,
    }));
    const { cluster } = options(0, 0);
    const result = simulate({ cluster, jobs, failures: { laws: [], spareServers: 2 } });
    const servers = result.jobs.map(({ runs }) => runs[0]!.pods[0]!.server);
    expect(new Set(servers)).toEqual(new Set(['s0', 's1', 's2', 's3']));
    expect(result.metrics.endSeconds).toBe(1);
  });

  it.each([-1, 1.5, SERVERS, Number.NaN])('refuses %s spares of six servers', (spareServers) => {
    expect(() => simulate(options(0, spareServers))).toThrow(
      refusedAs('invalid-option', ['failures', 'spareServers']),
    );
  });
});
