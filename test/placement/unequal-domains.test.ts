import { describe, expect, it } from 'vitest';
import { type ClusterDocument, clusterTopology, compile } from '../../src/index.js';

/** Two racks, or more: name → servers of a type. */
const racks = (
  of: Readonly<Record<string, readonly [type: string, servers: number]>>,
  more: Partial<ClusterDocument>,
): ReturnType<typeof compile> =>
  compile(
    clusterTopology({
      tiers: ['rack'],
      types: { h100: 'dgx-h100', gb200: 'gb200-nvl72-tray' },
      servers: Object.entries(of).flatMap(([rack, [type, servers]]) =>
        Array.from({ length: servers }, (_, i) => ({ id: `${rack}${i}`, type, domains: { rack } })),
      ),
      ...more,
    }),
  );

/** Tier, bandwidth and servers of an answer. */
function found(solver: ReturnType<typeof compile>, request: Parameters<typeof solver.find>[0]): unknown {
  const answer = solver.find(request);
  if (!answer.ok) return answer.reason;
  const { tier, bandwidthGBps, pods } = answer.placement;
  return [tier, bandwidthGBps, [...new Set(pods.map(({ server }) => server))]];
}

describe('find in a cluster of unequal racks', () => {
  const mixed = racks(
    { plain: ['h100', 2], nvl: ['gb200', 2] },
    {
      uplinks: { rack: { GBps: 3600 } },
      accelerator: { tier: 'rack', GBpsPerGpu: 745.2, domains: { plain: null } },
    },
  );

  it('holds gangs of H100 to their NICs beside racks that are accelerator domains', () => {
    // Halves of 16 GPUs: 15 · 400 / 8 = 750 GB/s through the ports of a server, more than its NVSwitches give.
    const plain = ['rack', 385.2, ['plain0', 'plain1']];
    expect(found(mixed, { pods: 2, gpus: 8 })).toEqual(plain);
    expect(found(mixed, { pods: 2, gpus: 8, require: 'rack' })).toEqual(plain);
    expect(found(mixed, { pods: 2, gpus: 5 })).toEqual(plain);
    expect(found(mixed, { pods: 2, gpus: 4, gpuModels: ['GB200'] })).toEqual([
      'rack',
      745.2,
      ['nvl0', 'nvl1'],
    ]);
  });

  it('takes the rack with an accelerator fabric where either would do', () => {
    const trays = racks(
      { plain: ['gb200', 2], nvl: ['gb200', 2] },
      { accelerator: { tier: 'rack', domains: { nvl: 745.2 } } },
    );
    expect(found(trays, { pods: 2, gpus: 4 })).toEqual(['rack', 745.2, ['nvl0', 'nvl1']]);
    trays.cordon('nvl0');
    // 7 · 200 / 4 = 350 GB/s through four ports of 400 Gb/s each.
    expect(found(trays, { pods: 2, gpus: 4 })).toEqual(['rack', 350, ['plain0', 'plain1']]);
  });

  it('takes the faster of two accelerator domains, though the other is fuller', () => {
    const solver = racks(
      { old: ['gb200', 2], new: ['gb200', 4] },
      { accelerator: { tier: 'rack', GBpsPerGpu: 400, domains: { new: 700 } } },
    );
    expect(found(solver, { pods: 2, gpus: 4 })).toEqual(['rack', 700, ['new0', 'new1']]);
    const equal = racks(
      { old: ['gb200', 2], new: ['gb200', 4] },
      { accelerator: { tier: 'rack', GBpsPerGpu: 400 } },
    );
    expect(found(equal, { pods: 2, gpus: 4 })).toEqual(['rack', 400, ['old0', 'old1']]);
  });

  it('spreads a gang so that the narrow uplink of one rack carries least', () => {
    const solver = racks(
      { a: ['h100', 4], b: ['h100', 4] },
      { uplinks: { rack: { GBps: 1600, domains: { b: 100 } } } },
    );
    // All 8 servers: 64 GPUs in halves, 63 · 100 / 32 out of b.
    expect(found(solver, { pods: 8, gpus: 8 })).toEqual(['cluster', 196.875, expect.any(Array)]);
    // Uplinks that differ do not matter inside a rack.
    expect(found(solver, { pods: 4, gpus: 8 })).toEqual(['rack', 385.2, expect.any(Array)]);
  });

  it('takes an uplink of null for one that does not limit', () => {
    const solver = racks(
      { a: ['h100', 1], b: ['h100', 1] },
      { uplinks: { rack: { GBps: 100, domains: { a: null, b: null } } } },
    );
    const free = racks({ a: ['h100', 1], b: ['h100', 1] }, {});
    expect(found(solver, { pods: 2, gpus: 8 })).toEqual(found(free, { pods: 2, gpus: 8 }));
  });

  it('has no accelerator domain where neither figure is given', () => {
    const none = racks({ a: ['gb200', 2] }, { accelerator: { tier: 'rack' } });
    expect(found(none, { pods: 2, gpus: 4 })).toEqual(['rack', 350, ['a0', 'a1']]);
  });
});
