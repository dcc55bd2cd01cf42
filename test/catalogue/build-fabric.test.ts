import { describe, expect, it } from 'vitest';
import { buildFabric } from '../../src/catalogue/build-fabric.js';

describe('buildFabric', () => {
  const build = (serverCount: number) =>
    buildFabric({
      server: { name: 'dgx-h100', type: 'dgx-h100' },
      serverWord: 'node',
      levels: [
        { tier: 'hall', size: 2 },
        { tier: 'row', size: 3, uplinkGBps: 10 },
        { tier: 'rack', size: 2, uplinkGBps: 5 },
      ],
      serverCount,
      resources: {},
    });

  it('numbers members inside the domain above', () => {
    const { servers } = build(24);
    expect(servers[0]!.id).toBe('hall0-row0-rack0-node0');
    expect(servers[23]).toEqual({
      id: 'hall1-row1-rack2-node1',
      type: 'dgx-h100',
      domains: { hall: 'hall1', row: 'hall1-row1', rack: 'hall1-row1-rack2' },
    });
    expect(new Set(servers.map((entry) => entry.id)).size).toBe(24);
    expect(new Set(servers.map((entry) => entry.domains!.rack)).size).toBe(12);
  });

  it('stops where the servers end', () => {
    expect(
      build(7)
        .servers.map((entry) => entry.domains!.row)
        .at(-1),
    ).toBe('hall0-row1');
  });

  it('leaves out the uplinks that do not limit', () => {
    expect(build(1).uplinks).toEqual({ row: { GBps: 10 }, rack: { GBps: 5 } });
  });
});
