import { describe, expect, it } from 'vitest';
import { compileClusterTables } from '../../../src/compile/cluster-tables.js';
import { type ClusterDocument, clusterTopology } from '../../../src/index.js';
import { Levels } from '../../../src/placement/gangs/gang.js';
import { randomStream } from '../../../src/random.js';
import { FailurePlaces } from '../../../src/simulation/failures/failure-places.js';
import type { FailureLaw } from '../../../src/simulation/index.js';
import { gpuBox } from '../../placement/random-cluster.js';

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

describe('FailurePlaces in a tree of tiers', () => {
  /** Servers in one domain of a tier: 2 zones of 2 blocks of 2 racks of 2 servers. */
  const SIZE = { zone: 8, block: 4, rack: 2 } as const;
  type Tier = keyof typeof SIZE;
  const TIERS: readonly Tier[] = ['zone', 'block', 'rack'];
  const SERVERS = 16;

  function places(
    level: FailureLaw['level'],
    per: 'domain' | 'server' | 'gpu',
    accelerator?: ClusterDocument['accelerator'],
  ): FailurePlaces {
    const cluster = clusterTopology({
      tiers: [...TIERS],
      types: { four: gpuBox(4) },
      servers: Array.from({ length: SERVERS }, (_, i) => ({
        id: `s${i}`,
        type: 'four',
        domains: Object.fromEntries(TIERS.map((tier) => [tier, `${tier}${Math.floor(i / SIZE[tier])}`])),
      })),
      ...(accelerator !== undefined && { accelerator }),
    });
    const law = { name: 'law', level, failuresPerSecond: 1e-3, per };
    return new FailurePlaces(law, 0, compileClusterTables(cluster), new Levels([...TIERS]));
  }

  /** All domains of so many servers, from … to. */
  const domains = (size: number): string[] =>
    Array.from({ length: SERVERS / size }, (_, i) => `${size * i}-${size * (i + 1)}`).sort();

  it.each(TIERS.flatMap((tier) => (['domain', 'server', 'gpu'] as const).map((per) => [tier, per] as const)))(
    'strike whole domains of tier %s, and accelerator domains of that tier, counted by %s',
    (tier, per) => {
      const count = { domain: SERVERS / SIZE[tier], server: SERVERS, gpu: 4 * SERVERS }[per];
      for (const one of [
        places({ tier }, per),
        places('nvlink-domain', per, { tier, GBpsPerGpu: 9 }),
        places({ tier }, per, { tier: 'block', GBpsPerGpu: 9 }),
      ]) {
        expect(struck(one)).toEqual(domains(SIZE[tier]));
        expect(one.failuresPerSecond).toBeCloseTo(count * 1e-3, 12);
      }
    },
  );

  it.each(TIERS)('strike the first domain of tier %s where it alone is an accelerator fabric', (tier) => {
    const only = places('nvlink-domain', 'domain', { tier, domains: { [`${tier}0`]: 9 } });
    const others = domains(1).filter((range) => Number(range.split('-')[0]) >= SIZE[tier]);
    expect(struck(only)).toEqual([`0-${SIZE[tier]}`, ...others].sort());
    expect(only.failuresPerSecond).toBeCloseTo((1 + SERVERS - SIZE[tier]) * 1e-3, 12);
  });
});
