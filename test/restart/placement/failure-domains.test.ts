import { describe, expect, it } from 'vitest';
import { failureDomains } from '../../../src/restart/placement/failure-domains.js';
import type { FailureLaw } from '../../../src/restart/placement/failure-laws.js';
import { refused, refusedAs } from '../refusals.js';
import { gangOn, smallCluster } from '../small-cluster.js';

const cluster = smallCluster({ blocks: 2, racks: 2, servers: 4 });
const law = (level: FailureLaw['level'], more: Partial<FailureLaw> = {}): FailureLaw => ({
  name: typeof level === 'object' ? level.tier : level,
  level,
  failuresPerSecond: 1e-6,
  ...more,
});

describe('failureDomains', () => {
  const gang = gangOn('b0r0s0', 'b0r0s1', 'b0r1s0', 'b1r1s3');

  it('finds GPUs, servers, racks, blocks and the job, with their blast radius', () => {
    const laws = [law('gpu'), law('server'), law({ tier: 'rack' }), law({ tier: 'block' }), law('job')];
    const domains = failureDomains(gang, cluster, laws);
    const count = (name: string): number => domains.filter((d) => d.law === name).length;
    expect(['gpu', 'server', 'rack', 'block', 'job'].map(count)).toEqual([32, 4, 3, 2, 1]);
    expect(domains.every((d) => d.blastRadiusGpus === 32)).toBe(true);
    expect(domains.find((d) => d.domain === 'b0r0')).toEqual({
      law: 'rack',
      level: 'tier',
      tier: 'rack',
      domain: 'b0r0',
      failuresPerSecond: 1e-6,
      gpusInside: 32,
      gpusLost: 16,
      blastRadiusGpus: 32,
      serversLost: ['b0r0s0', 'b0r0s1'],
      memoryLost: true,
    });
    expect(domains[8]).toMatchObject({
      level: 'gpu',
      server: 'b0r0s1',
      gpu: 0,
      gpusLost: 1,
      memoryLost: false,
    });
    expect(domains.at(-1)).toMatchObject({ level: 'job', gpusLost: 0, serversLost: [], memoryLost: false });
  });

  it('counts rates per domain, per server inside or per GPU inside', () => {
    const rates = (['domain', 'server', 'gpu'] as const).map(
      (per) => failureDomains(gang, cluster, [law({ tier: 'rack' }, { per })])[0]!.failuresPerSecond * 1e6,
    );
    expect(rates.map(Math.round)).toEqual([1, 4, 32]);
    const job = failureDomains(gang, cluster, [law('job', { per: 'gpu' })])[0]!;
    expect(job.failuresPerSecond).toBeCloseTo(32e-6, 15);
  });

  it('takes a wider spread for more domains, not for larger ones', () => {
    const packed = failureDomains(gangOn('b0r0s0', 'b0r0s1'), cluster, [law({ tier: 'rack' })]);
    const spread = failureDomains(gangOn('b0r0s0', 'b1r0s0'), cluster, [law({ tier: 'rack' })]);
    expect([packed.length, spread.length]).toEqual([1, 2]);
    expect([packed[0]!.gpusLost, spread[0]!.gpusLost]).toEqual([16, 8]);
  });

  it('has NVLink domains of servers, or of the tier that is an accelerator fabric', () => {
    const own = failureDomains(gang, cluster, [law('nvlink-domain')]);
    expect(own.map((d) => d.server)).toEqual(['b0r0s0', 'b0r0s1', 'b0r1s0', 'b1r1s3']);
    const nvl = smallCluster(
      { blocks: 2, racks: 2, servers: 4 },
      { accelerator: { tier: 'rack', GBpsPerGpu: 900 } },
    );
    const racks = failureDomains(gang, nvl, [law('nvlink-domain')]);
    expect(racks.map((d) => [d.level, d.domain])).toEqual([
      ['nvlink-domain', 'b0r0'],
      ['nvlink-domain', 'b0r1'],
      ['nvlink-domain', 'b1r1'],
    ]);
  });

  it('has NVLink domains of servers where their domain of the tier is no accelerator fabric', () => {
    const mixed = smallCluster(
      { blocks: 2, racks: 2, servers: 4 },
      { accelerator: { tier: 'rack', GBpsPerGpu: 900, domains: { b0r0: null } } },
    );
    const across = gangOn('b0r1s0', 'b0r0s0', 'b0r1s1', 'b0r0s1', 'b1r1s3');
    const domains = failureDomains(across, mixed, [law('nvlink-domain', { per: 'gpu' })]);
    expect(domains.map((d) => [d.level, d.domain ?? d.server, d.gpusLost, d.gpusInside])).toEqual([
      ['nvlink-domain', 'b0r1', 16, 32],
      ['nvlink-domain', 'b0r0s0', 8, 8],
      ['nvlink-domain', 'b0r0s1', 8, 8],
      ['nvlink-domain', 'b1r1', 8, 32],
    ]);
    expect(domains.map((d) => d.failuresPerSecond)).toEqual([32e-6, 8e-6, 8e-6, 32e-6]);
  });

  it('counts a server once however many pods share it, and a placement after JSON alike', () => {
    const shared = {
      pods: [
        { server: 'b0r0s0', gpus: [3] },
        { server: 'b0r0s0', gpus: [0, 1] },
        { server: 'b0r0s1', gpus: [] },
      ],
    };
    const domains = failureDomains(JSON.parse(JSON.stringify(shared)), cluster, [law('gpu'), law('server')]);
    expect(domains.map((d) => d.gpu)).toEqual([0, 1, 3, undefined, undefined]);
    expect(domains[3]).toMatchObject({ server: 'b0r0s0', gpusLost: 3, blastRadiusGpus: 3 });
  });

  it('lets a law say what becomes of memory', () => {
    const domains = failureDomains(gang, cluster, [law('gpu', { memoryLost: true })]);
    expect(domains[0]!.memoryLost).toBe(true);
  });

  it.each([
    [['laws'], 3],
    [['laws', 0, 'failuresPerSecond'], [law('gpu', { failuresPerSecond: -1 })]],
    [['laws', 0, 'level'], [law('rack' as never)]],
    [['laws', 0, 'per'], [law('gpu', { per: 'rack' as never })]],
    [['laws', 0, 'detect'], [law('gpu', { detect: 3 as never })]],
    [['laws', 0, 'name'], [{ ...law('gpu'), name: '' }]],
    [['laws', 0, 'mttf'], [{ ...law('gpu'), mttf: 3 }]],
  ])('refuses nonsense at %j', (path, laws) => {
    expect(() => failureDomains(gang, cluster, laws as never)).toThrow(refused(...path));
  });

  it('refuses laws of one name, tiers, servers and GPUs that are not there', () => {
    const failing = (code: string, ...path: (string | number)[]): unknown => refusedAs(code, path);
    expect(() => failureDomains(gang, cluster, [law('gpu'), law('gpu')])).toThrow(
      failing('duplicate-id', 'laws', 1, 'name'),
    );
    expect(() => failureDomains(gang, cluster, [law({ tier: 'pod' })])).toThrow(
      failing('unknown-reference', 'laws', 0, 'level', 'tier'),
    );
    expect(() => failureDomains(gangOn('b0r0s0', 'x'), cluster, [])).toThrow(
      failing('unknown-reference', 'placement', 'pods', 1, 'server'),
    );
    expect(() => failureDomains({ pods: [{ server: 'b0r0s0', gpus: [8] }] }, cluster, [])).toThrow(
      failing('unknown-reference', 'placement', 'pods', 0, 'gpus', 0),
    );
    expect(() => failureDomains({ pods: [] }, cluster, [])).toThrow(refused('placement', 'pods'));
  });
});
