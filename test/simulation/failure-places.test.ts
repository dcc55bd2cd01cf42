import { describe, expect, it } from 'vitest';
import { compileClusterTables } from '../../src/compile/cluster-tables.js';
import { type ClusterDocument, clusterTopology } from '../../src/index.js';
import { Levels } from '../../src/placement/gang.js';
import { randomStream } from '../../src/random.js';
import { FailurePlaces } from '../../src/simulation/failure-places.js';
import { gpuBox } from '../placement/random-cluster.js';

/** Racks a of three servers and b of two, of four GPUs each. */
function placesOf(
  accelerator: ClusterDocument['accelerator'],
  per: 'domain' | 'server' | 'gpu',
): FailurePlaces {
  const cluster = clusterTopology({
    tiers: ['rack'],
    types: { four: gpuBox(4) },
    servers: ['a0', 'a1', 'a2', 'b0', 'b1'].map((id) => ({
      id,
      type: 'four',
      domains: { rack: id.slice(0, 1) },
    })),
    ...(accelerator !== undefined && { accelerator }),
  });
  const law = { name: 'fabric', level: 'nvlink-domain' as const, failuresPerSecond: 1e-3, per };
  return new FailurePlaces(law, 0, compileClusterTables(cluster), new Levels(['rack']));
}

/** What 300 draws strike: servers from … to, in order. */
function struck(places: FailurePlaces): string[] {
  const random = randomStream(1, 'failures');
  const seen = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const { firstServer, endServer } = places.draw(random);
    seen.add(`${firstServer}-${endServer}`);
  }
  return [...seen].sort();
}

describe('FailurePlaces of NVLink domains', () => {
  it('strike accelerator domains, and servers where there are none', () => {
    expect(struck(placesOf({ tier: 'rack', GBpsPerGpu: 9 }, 'domain'))).toEqual(['0-3', '3-5']);
    expect(struck(placesOf(undefined, 'domain'))).toEqual(['0-1', '1-2', '2-3', '3-4', '4-5']);
  });

  it.each(['domain', 'server', 'gpu'] as const)(
    'strike both where some racks are none, counted by %s',
    (per) => {
      const places = placesOf({ tier: 'rack', domains: { a: 9 } }, per);
      expect(struck(places)).toEqual(['0-3', '3-4', '4-5']);
      // One rack and two servers; five servers; twenty GPUs.
      expect(places.failuresPerSecond).toBeCloseTo({ domain: 3, server: 5, gpu: 20 }[per] * 1e-3, 12);
    },
  );
});
