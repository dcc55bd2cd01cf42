import { describe, expect, it } from 'vitest';
import { nicBandwidth } from '../../src/bandwidth/index.js';
import { computeNics, fabricServer, type PortOptions } from '../../src/catalogue/fabric-server.js';
import { synthetic } from '../../src/catalogue/synthetic.js';
import { topology } from '../../src/catalogue/topology.js';
import type { ServerDocument } from '../../src/topology/server-document.js';
import { serverTopology } from '../../src/topology/server-topology.js';
import { caught } from './caught.js';

const NAMES = { builder: 'fatTree', portsName: 'portsPerServer', gbpsName: 'portGbps', usualGbps: 400 };
const built = (given: unknown, options: Partial<PortOptions> = {}) =>
  fabricServer(given, { ...NAMES, ...options });
const documentOf = (given: unknown, options: Partial<PortOptions>) =>
  built(given, options).type as ServerDocument;

describe('fabricServer', () => {
  it('leaves a type as given where it states the ports asked for', () => {
    const name = 'dgx-h100';
    expect(built(name)).toEqual({ name, type: name, ports: 8, GBps: 400 });
    expect(built(name, { ports: 8, gbps: 400 })).toEqual({ name, type: name, ports: 8, GBps: 400 });
    const own = synthetic('cpu:1 gpu:2 nic:2', { name: 'own', portGbps: 100 });
    expect(built(own).type).toEqual(own);
  });

  it('takes the rate that the server states for all its ports, else the usual one', () => {
    expect(built('dgx-a100').GBps).toBe(8 * 25);
    expect(built('azure-ndv2').GBps).toBe(12.5);
    // A document that states none.
    expect(built(synthetic('cpu:1 gpu:2 nic:2')).GBps).toBe(2 * 50);
    expect(built(synthetic('cpu:1 gpu:2 nic:2'), { usualGbps: 200 }).GBps).toBe(2 * 25);
  });

  it('writes a document with the first NICs of the rate asked for, and the others left out', () => {
    const { name, type, ports, GBps } = built('dgx-h100', { ports: 2, gbps: 100 });
    expect({ name, ports, GBps }).toEqual({ name: 'dgx-h100 with 2 ports of 100 Gb/s', ports: 2, GBps: 25 });
    const server = serverTopology(type);
    expect(server.name).toBe(name);
    expect(computeNics(server).map(({ id, portGBps }) => [id, portGBps])).toEqual([
      ['nic0', 12.5],
      ['nic1', 12.5],
    ]);
    expect(computeNics(server)[0]).toMatchObject({
      portBasis: 'nccl',
      portSource: 'fatTree, option portGbps: 100 Gb/s',
      portVerified: false,
    });
    // Storage NICs stay as they are, and so does everything else.
    expect(server.nics).toHaveLength(6);
    expect(server.graph.getNodeAttribute('nic8', 'portGBps')).toBe(25);
    expect(server.graph.size).toBe(topology('dgx-h100').graph.size - 6);
    expect(nicBandwidth(server, [0, 1, 2, 3, 4, 5, 6, 7])).toBe(25);
  });

  it('keeps what the document says of a port that has the rate already', () => {
    const [first] = computeNics(serverTopology(documentOf('dgx-h100', { ports: 1 })));
    expect(first!.portSource).toBe(computeNics(topology('dgx-h100'))[0]!.portSource);
  });

  it("keeps the name of the caller's own document", () => {
    const own = synthetic('cpu:1 gpu:2 nic:2', { name: 'own' });
    expect(built(own, { gbps: 50 }).name).toBe('own');
    expect(documentOf(own, { gbps: 50 }).name).toBe('own');
    // The document given is not changed.
    expect(own.devices.every(({ portGBps }) => portGBps === undefined)).toBe(true);
  });

  it('spreads more ports than there are compute NICs evenly, the first NICs having one more', () => {
    const { type, ports, GBps } = built('gaudi3-hls3', { ports: 24, gbps: 200 });
    // Eight NICs of three ports of 200 Gb/s, which is what the catalogue states.
    expect({ type, ports, GBps }).toEqual({ type: 'gaudi3-hls3', ports: 24, GBps: 600 });
    const uneven = serverTopology(documentOf('azure-ndv5', { ports: 11, gbps: 80 }));
    expect(computeNics(uneven).map(({ portGBps }) => portGBps)).toEqual([20, 20, 20, 10, 10, 10, 10, 10]);
  });

  it('drops a NIC that states no rate as any other', () => {
    const own = synthetic('cpu:1 gpu:2 nic:2', { name: 'own', portGbps: 100 });
    const devices = own.devices.map(({ portGBps, ...device }) =>
      device.id === 'nic0' && portGBps !== undefined ? { ...device, portGBps } : device,
    );
    const server = serverTopology(documentOf({ ...own, devices }, { ports: 1, gbps: 100 }));
    expect(server.nics).toEqual(['nic0']);
  });

  it('asks for the ports of a server without compute NICs, and leaves it as it is', () => {
    const error = caught(() => built('azure-ncads-a100-v4'));
    expect([error.code, error.path]).toEqual(['invalid-option', ['portsPerServer']]);
    expect(error.message).toContain('no compute NIC');
    const name = 'azure-ncads-a100-v4';
    expect(built(name, { ports: 1, gbps: 80 })).toEqual({ name, type: name, ports: 1, GBps: 10 });
  });
});

describe('computeNics', () => {
  it('leaves out storage and front-end NICs', () => {
    expect(computeNics(topology('dgx-h100'))).toHaveLength(8);
    expect(computeNics(topology('gb200-nvl72-tray'))).toHaveLength(4);
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
    expect(computeNics(server)).toHaveLength(1);
  });
});
