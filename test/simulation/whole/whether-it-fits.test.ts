import { describe, expect, it } from 'vitest';
import { referencePlace } from '../../../src/check/index.js';
import { clusterTopology, type PlacementRequest } from '../../../src/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { drawsOf } from './swarm.js';
import { fits } from './whether-it-fits.js';

describe('whether a gang fits', () => {
  it('is what the exhaustive search says, on any state of a small cluster', () => {
    const answers = { fit: 0, none: 0 };
    for (let seed = 0; seed < 300; seed++) {
      const draw = drawsOf(seed);
      const cluster = clusterTopology({
        tiers: ['block', 'rack'],
        types: { three: gpuBox(3), two: gpuBox(2) },
        servers: Array.from({ length: draw.between(1, 4) }, (_, i) => ({
          id: `s${i}`,
          type: draw.of(['three', 'two']),
          gpuModel: draw.of(['A', 'B']),
          domains: { block: `b${draw.between(0, 1)}`, rack: `b${i}r` },
        })),
      });
      const free = cluster.servers.map(({ id, type }) => ({
        server: id,
        gpus: [],
        gpuMilli: type.gpus.map(() => (draw.chance(0.6) ? 1000 : 0)),
        cpuMilli: draw.of([0, 1000, 2000, 4000]),
        memoryMiB: null,
      }));
      const broken = cluster.servers.filter(() => draw.chance(0.2)).map(({ id }) => id);
      const pods = draw.between(1, 4);
      const request: PlacementRequest = {
        pods,
        podsMin: draw.of([pods, draw.between(1, pods)]),
        gpus: draw.between(1, 2),
        cpuMilli: draw.of([0, 0, 1000]),
        require: draw.of(['server', 'rack', 'block', 'cluster']),
        ...(draw.chance(0.3) ? { gpuModels: ['A'] } : {}),
      };
      const expected =
        referencePlace(cluster, { free: { servers: free }, cordoned: broken }, request) !== undefined;
      const room = new Map(
        free.map(({ server, gpuMilli, cpuMilli }) => [
          server,
          broken.includes(server)
            ? { gpus: Number.NEGATIVE_INFINITY, cpuMilli: 0 }
            : { gpus: gpuMilli.filter((milli) => milli === 1000).length, cpuMilli },
        ]),
      );
      const job = { ...request, submitSeconds: 0, durationSeconds: 1 };
      expect(fits(job, cluster, room), `seed ${seed}: ${JSON.stringify(request)}`).toBe(expected);
      answers[expected ? 'fit' : 'none']++;
    }
    expect(Math.min(answers.fit, answers.none)).toBeGreaterThan(50);
  });
});
