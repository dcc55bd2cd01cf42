import { describe, expect, it } from 'vitest';
import { computePorts, portsToGBps } from '../../src/catalogue/builder-options.js';
import { topology } from '../../src/catalogue/topology.js';
import { serverTopology } from '../../src/topology/server-topology.js';
import { caught } from './caught.js';

describe('portsToGBps', () => {
  it('turns bits into bytes', () => {
    expect(portsToGBps(1, 400)).toBe(50);
    expect(portsToGBps(32, 100)).toBe(400);
  });
});

describe('computePorts', () => {
  it('leaves out storage and front-end NICs', () => {
    expect(computePorts(topology('dgx-h100'), 'ports')).toBe(8);
    expect(computePorts(topology('gb200-nvl72-tray'), 'ports')).toBe(4);
  });

  it('takes a NIC without a role for a compute NIC', () => {
    const server = serverTopology({
      name: 'plain',
      title: 'plain',
      gpuModel: 'any',
      devices: [
        { id: 'gpu', kind: 'gpu' },
        { id: 'nic', kind: 'nic' },
      ],
      links: [],
    });
    expect(computePorts(server, 'ports')).toBe(1);
  });

  it('asks for the option where there is none', () => {
    const error = caught(() => computePorts(topology('azure-ncads-a100-v4'), 'ports'));
    expect(error.code).toBe('invalid-option');
    expect(error.path).toEqual(['ports']);
  });
});
