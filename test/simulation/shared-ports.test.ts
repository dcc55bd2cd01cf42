import { describe, expect, it } from 'vitest';
import type { TopologyName } from '../../src/catalogue/index.js';
import { compileClusterTables } from '../../src/compile/cluster-tables.js';
import { clusterTopology } from '../../src/index.js';
import { SharedPorts } from '../../src/simulation/shared-ports.js';

const portsOf = (type: TopologyName): SharedPorts =>
  new SharedPorts(
    compileClusterTables(
      clusterTopology({
        tiers: [],
        types: { t: type },
        servers: ['a', 'b'].map((id) => ({ id, type: 't' })),
      }),
    ),
  );

describe('SharedPorts', () => {
  it('gives all gangs on a server what their GPUs reach together', () => {
    const ports = portsOf('azure-ndv2');
    ports.enter(0, 0, 0b0000_1111);
    expect(ports.GBps(0)).toBe(12.5);
    ports.enter(1, 0, 0b1111_0000);
    expect(ports.GBps(0)).toBe(12.5);
    ports.leave(0, 0);
    // The half on the other socket alone.
    expect(ports.GBps(0)).toBe(10);
    ports.leave(1, 0);
    expect(ports.GBps(0)).toBe(0);
  });

  it('adds up where every GPU has a port of its own', () => {
    const ports = portsOf('dgx-h100');
    ports.enter(0, 1, 0b0000_0011);
    ports.enter(1, 1, 0b0000_0100);
    expect(ports.GBps(1)).toBe(150);
  });

  it('has nothing to share on a server that one gang fills', () => {
    const ports = portsOf('dgx-h100');
    expect(ports.mayShare(0, 0xff)).toBe(false);
    expect(ports.mayShare(0, 0x7f)).toBe(true);
  });
});
