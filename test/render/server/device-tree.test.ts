import { describe, expect, it } from 'vitest';
import { topology, topologyNames } from '../../../src/catalogue/index.js';
import { type DeviceNode, deviceTree } from '../../../src/render/server/device-tree.js';
import { link, smallServer } from '../small-server.js';

/** A tree as text: `socket0(numa0(gpu0 nic0))`. */
const shape = (nodes: readonly DeviceNode[]): string =>
  nodes
    .map(({ device, children }) => device.id + (children.length > 0 ? `(${shape(children)})` : ''))
    .join(' ');

describe('deviceTree', () => {
  it('nests by links, in document order', () => {
    const server = smallServer(
      { gpu: ['g1', 'g0'], nic: ['n'], 'pcie-switch': ['sw'], numa: ['m'], socket: ['s'] },
      [link('s', 'm'), link('sw', 'm'), link('g0', 'sw'), link('sw', 'g1'), link('m', 'n')],
    );
    expect(shape(deviceTree(server).roots)).toBe('s(m(n sw(g1 g0)))');
  });

  it('nests a device where it is nearest to a socket, and leaves the other links over', () => {
    const second = link('low', 'g');
    const server = smallServer({ socket: ['s'], 'pcie-switch': ['top', 'low'], gpu: ['g'] }, [
      second,
      link('top', 'low'),
      link('s', 'top'),
      link('top', 'g'),
    ]);
    const tree = deviceTree(server);
    expect(shape(tree.roots)).toBe('s(top(low g))');
    expect(tree.crossLinks).toEqual([second]);
  });

  it('puts a NIC that hangs on a GPU into the GPU, but no GPU into a GPU or a NIC', () => {
    const server = smallServer({ gpu: ['a', 'b'], nic: ['n', 'o'] }, [
      link('a', 'b', 'nvlink'),
      link('b', 'n'),
      link('n', 'o'),
    ]);
    const tree = deviceTree(server);
    expect(shape(tree.roots)).toBe('a b(n) o');
    expect(tree.crossLinks).toHaveLength(2);
  });

  it('says which boxes have a GPU inside', () => {
    const [left, right] = deviceTree(
      smallServer({ socket: ['s', 't'], numa: ['m', 'n'], gpu: ['g'] }, [
        link('s', 'm'),
        link('t', 'n'),
        link('m', 'g'),
      ]),
    ).roots;
    expect([left!.bearsGpu, left!.children[0]!.bearsGpu, right!.bearsGpu]).toEqual([true, true, false]);
  });

  it('does not read attributes: no nesting without a link', () => {
    const { roots } = deviceTree(smallServer({ socket: ['s'], numa: ['m'], gpu: ['g'] }, []));
    expect(shape(roots)).toBe('s m g');
  });

  it('leaves NVSwitches to the lanes unless they reach no GPU', () => {
    const server = smallServer({ nvswitch: ['v', 'w'], gpu: ['g'] }, [
      link('v', 'g', 'nvlink'),
      link('v', 'w', 'nvlink'),
    ]);
    expect(shape(deviceTree(server).roots)).toBe('w g');
  });

  it('has every device of the catalogue once, and every link once', () => {
    const count = (nodes: readonly DeviceNode[]): number =>
      nodes.reduce((sum, { children }) => sum + 1 + count(children), 0);
    for (const name of topologyNames) {
      const { document } = topology(name);
      const { roots, crossLinks } = deviceTree(topology(name));
      const boxes = document.devices.filter(({ kind }) => kind !== 'nvswitch').length;
      expect(count(roots), name).toBe(boxes);
      expect(crossLinks.length + boxes - roots.length, name).toBe(document.links.length);
    }
  });
});
