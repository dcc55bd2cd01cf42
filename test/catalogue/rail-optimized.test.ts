import { describe, expect, it } from 'vitest';
import { railOptimized } from '../../src/catalogue/rail-optimized.js';
import { topology } from '../../src/catalogue/topology.js';
import { buildClusterTopology } from '../../src/topology/cluster-topology.js';
import { caught } from './caught.js';

describe('railOptimized', () => {
  it('builds four units of 32 servers with eight rails of 400 Gb/s by default', () => {
    const cluster = railOptimized();
    expect(cluster.tiers).toEqual(['unit']);
    expect(cluster.servers).toHaveLength(128);
    expect(cluster.servers[33]).toEqual({
      id: 'unit1-server1',
      type: 'dgx-h100',
      domains: { unit: 'unit1' },
    });
    expect(cluster.uplinks).toEqual({ unit: { GBps: 12_800 } });
  });

  it('divides the uplink by the oversubscription', () => {
    expect(railOptimized({ oversubscription: 2 }).uplinks).toEqual({ unit: { GBps: 6400 } });
  });

  it('takes the rails from the compute NICs, or as told', () => {
    const of = (options: object) =>
      railOptimized({ serversPerUnit: 1, units: 1, ...options }).uplinks?.unit?.GBps;
    expect(of({ server: 'aws-p5.48xlarge', railGbps: 100 })).toBe(400);
    expect(of({ server: 'aws-p5.48xlarge' })).toBe(400);
    // Three ports of 200 Gb/s are one NIC of the document.
    expect(of({ server: 'gaudi3-hls3' })).toBe(600);
    expect(of({ server: 'gaudi3-hls3', railsPerServer: 4, railGbps: 600 })).toBe(300);
  });

  it('spreads more rails than the server has NICs over these', () => {
    const options = { server: 'gaudi3-hls3', railsPerServer: 24, railGbps: 200 } as const;
    expect(railOptimized({ ...options, serversPerUnit: 1, units: 1 }).uplinks?.unit?.GBps).toBe(600);
  });

  it('writes a server type of its own where the rate is another', () => {
    expect(Object.keys(railOptimized({ railGbps: 50 }).types)).toEqual(['dgx-h100 with 8 ports of 50 Gb/s']);
    expect(railOptimized({ railGbps: 400 }).types).toEqual({ 'dgx-h100': 'dgx-h100' });
  });

  it('is a cluster document', () => {
    const read = buildClusterTopology(railOptimized(), (name) => topology(name as 'dgx-h100'));
    expect(read.tiers[0]!.domains).toEqual(['unit0', 'unit1', 'unit2', 'unit3']);
    expect(read.tiers[0]!.uplinkGBps).toBe(12_800);
  });

  it.each([
    ['serversPerUnit', 0],
    ['units', 2.5],
    ['railsPerServer', 0],
    ['railGbps', -400],
    ['oversubscription', 0],
    ['rails', 8],
  ])('refuses %s: %s', (option, value) => {
    const error = caught(() => railOptimized({ [option]: value } as object));
    expect(error.code).toBe('invalid-option');
    expect(error.path).toEqual([option]);
  });

  it('refuses a server without compute NICs', () => {
    expect(caught(() => railOptimized({ server: 'ws-4x5090' })).path).toEqual(['railsPerServer']);
  });
});
