import { describe, expect, it } from 'vitest';
import { topology, topologyNames } from '../../src/catalogue/index.js';
import { networkOf } from '../../src/topology/network.js';
import { relation } from '../../src/topology/relation.js';
import { route } from '../../src/topology/route.js';
import { switchFabrics } from '../../src/topology/switch-fabrics.js';
import { type ShortLink, smallServer } from '../bandwidth/small-server.js';

const ids = ['gpu0', 'gpu1', 'gpu2', 'nvsw0', 'nvsw1', 'nvsw2'] as const;
const fabricsOf = (links: readonly ShortLink[]): string[] => [
  ...switchFabrics(smallServer(ids, links).document).values(),
];

describe('switchFabrics', () => {
  it('joins switches that have a GPU in common, directly or by way of others', () => {
    expect(
      fabricsOf([
        ['gpu0', 'nvsw2', 'nvlink', 1],
        ['gpu0', 'nvsw1', 'nvlink', 1],
        ['gpu1', 'nvsw1', 'nvlink', 1],
        ['gpu1', 'nvsw0', 'nvlink', 1],
      ]),
    ).toEqual(['nvsw0', 'nvsw0', 'nvsw0']);
  });

  it('joins switches by a link between them', () => {
    expect(
      fabricsOf([
        ['gpu0', 'nvsw0', 'nvlink', 1],
        ['gpu1', 'nvsw1', 'nvlink', 1],
        ['nvsw1', 'nvsw2', 'nvlink', 1],
      ]),
    ).toEqual(['nvsw0', 'nvsw1', 'nvsw1']);
  });

  it('keeps apart what shares nothing of one accelerator medium', () => {
    expect(
      fabricsOf([
        ['gpu0', 'nvsw0', 'nvlink', 1],
        ['gpu0', 'nvsw1', 'xgmi', 1],
        ['gpu0', 'nvsw2', 'pcie', 1],
        ['nvsw1', 'nvsw2', 'pcie', 1],
      ]),
    ).toEqual(['nvsw0', 'nvsw1', 'nvsw2']);
  });

  it('finds one fabric in every server of the catalogue that has NVSwitches, as NCCL does', () => {
    for (const name of topologyNames) {
      const { document } = topology(name);
      const count = document.devices.some(({ kind }) => kind === 'nvswitch') ? 1 : 0;
      expect(new Set(switchFabrics(document).values()).size, name).toBe(count);
    }
  });

  it('agrees with the relation and the route of a pair: NV# where the fabric joins them', () => {
    const server = smallServer(ids, [
      ['gpu0', 'nvsw0', 'nvlink', 9],
      ['gpu1', 'nvsw0', 'nvlink', 9],
      ['gpu1', 'nvsw1', 'nvlink', 9],
      ['gpu2', 'nvsw1', 'nvlink', 9],
    ]);
    expect(networkOf(server).vertexCount).toBe(5);
    expect(relation(server, 'gpu0', 'gpu2')).toBe('NV1');
    expect(route(server, 'gpu0', 'gpu2')).toEqual({
      devices: ['gpu0', 'nvsw0', 'gpu2'],
      relation: 'NV1',
      bandwidthGBps: 9,
    });
    // A route that ends at an NVSwitch takes each by itself.
    expect(relation(server, 'gpu0', 'nvsw1')).toBe('SYS');
    expect(() => route(server, 'gpu0', 'nvsw1')).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});
