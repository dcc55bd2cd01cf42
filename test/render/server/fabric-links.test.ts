import { describe, expect, it } from 'vitest';
import { topology } from '../../../src/catalogue/index.js';
import type { ServerTopology } from '../../../src/index.js';
import { deviceTree } from '../../../src/render/server/device-tree.js';
import { type FabricLinks, fabricLinks } from '../../../src/render/server/fabric-links.js';
import { link, smallServer } from '../small-server.js';

const linksOf = (server: ServerTopology): FabricLinks => fabricLinks(server, deviceTree(server));

describe('fabricLinks', () => {
  it('groups switches that reach the same GPUs and sums their links', () => {
    const { switchGroups, trunks, gpuPairs } = linksOf(topology('dgx2'));
    expect(switchGroups.map(({ switches, spokes }) => [switches.length, spokes.length])).toEqual([
      [6, 8],
      [6, 8],
    ]);
    for (const { spokes } of switchGroups) {
      for (const { links, bandwidthGBps } of spokes) expect([links.length, bandwidthGBps]).toEqual([6, 120]);
    }
    expect(trunks.map(({ groups, links }) => [groups, links.length])).toEqual([[[0, 1], 6]]);
    expect(gpuPairs).toEqual([]);
  });

  it('keeps switches apart that reach other GPUs, or over another medium', () => {
    const server = smallServer({ gpu: ['g', 'h'], nvswitch: ['v', 'w', 'x', 'y'] }, [
      link('v', 'g', 'nvlink'),
      link('h', 'v', 'nvlink'),
      link('h', 'w', 'nvlink'),
      link('w', 'g', 'nvlink'),
      link('x', 'g', 'nvlink'),
      link('y', 'g', 'xgmi'),
      link('v', 'w', 'nvlink'),
    ]);
    const { switchGroups } = linksOf(server);
    expect(switchGroups.map(({ switches }) => switches.map(({ id }) => id))).toEqual([
      ['v', 'w'],
      ['x'],
      ['y'],
    ]);
    expect(switchGroups.map(({ medium }) => medium)).toEqual(['nvlink', 'nvlink', 'xgmi']);
    expect(switchGroups[0]!.inner).toHaveLength(1);
  });

  it('finds the meshes of sockets and of GPUs', () => {
    const { rootMeshes, gpuMeshes, rootPairs, gpuPairs } = linksOf(topology('mi300a-4'));
    expect([rootMeshes.length, gpuMeshes.length, rootPairs.length, gpuPairs.length]).toEqual([1, 1, 0, 0]);
    expect([rootMeshes[0]!.links.length, gpuMeshes[0]!.links.length]).toEqual([6, 6]);
    expect(linksOf(topology('dgx1-p100')).gpuMeshes.map(({ members }) => members.length)).toEqual([4, 4]);
    expect(linksOf(topology('dgx1-v100')).gpuPairs).toHaveLength(16);
  });

  it('leaves over what is neither nested nor fabric', () => {
    const server = smallServer({ socket: ['s'], numa: ['m', 'n'], gpu: ['g'], nvswitch: ['v'] }, [
      link('s', 'm'),
      link('s', 'n'),
      link('m', 'n', 'socket'),
      link('m', 'g'),
      link('n', 'g'),
      link('v', 'g', 'nvlink'),
      link('v', 'm'),
    ]);
    expect(linksOf(server).others.map(({ between }) => between.join())).toEqual(['m,n', 'n,g', 'v,m']);
  });
});
