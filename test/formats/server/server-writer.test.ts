import { describe, expect, it } from 'vitest';
import type { LinkFigures } from '../../../src/formats/server/link-figures.js';
import { ServerWriter, sharedSocketOf } from '../../../src/formats/server/server-writer.js';

const link = (bandwidthGBps: number, medium: LinkFigures['medium'] = 'pcie'): LinkFigures => ({
  medium,
  bandwidthGBps,
  basis: 'nccl',
  source: 'test',
  verified: false,
});

describe('ServerWriter', () => {
  it('gives every device an id of its own, also beside ids of the reader', () => {
    const writer = new ServerWriter(['numa0', 'nvswitch0']);
    expect([writer.freshId('a'), writer.freshId('a'), writer.freshId('a')]).toEqual(['a', 'a.2', 'a.3']);
    expect(writer.freshId('constructor')).toBe('constructor.nic');
    expect(writer.numaNode(0, {})).toBe('numa0.2');
    expect([writer.nvswitch(), writer.nvswitch()]).toEqual(['nvswitch0.2', 'nvswitch1']);
    expect([writer.pcieSwitch({}), writer.pcieSwitch({}, 'chip'), writer.pcieSwitch({})]).toEqual([
      'pcie-switch0',
      'chip',
      'pcie-switch1',
    ]);
  });

  it('writes a socket once and joins it to those before it', () => {
    const writer = new ServerWriter();
    for (const socket of [1, 0, 1, 'x']) writer.socket(socket, link(16, 'socket'));
    expect(writer.hosts.map(({ id }) => id)).toEqual(['socket1', 'socket0', 'socketx']);
    expect(writer.links.map(({ between }) => between.join(' '))).toEqual([
      'socket1 socket0',
      'socket1 socketx',
      'socket0 socketx',
    ]);
    expect(writer.socketCount).toBe(3);
  });

  it('keeps the faster of two links of one medium, and the first of two media', () => {
    const writer = new ServerWriter();
    writer.linkOnce('a', 'b', link(10));
    writer.linkOnce('b', 'a', link(20));
    writer.linkOnce('a', 'b', link(15));
    writer.linkOnce('a', 'b', link(99, 'nvlink'));
    expect(writer.links).toEqual([{ between: ['a', 'b'], ...link(20) }]);
    expect([writer.isLinked('b', 'a'), writer.isLinked('a', 'c')]).toEqual([true, false]);
  });

  it('leaves notes out where there are none', () => {
    const facts = {
      name: 'n',
      title: 't',
      gpuModel: 'm',
      devices: [],
      confidence: 'file',
      source: 's',
    } as const;
    expect(new ServerWriter().document({}, { ...facts, notes: [] })).not.toHaveProperty('notes');
    expect(new ServerWriter().document({ name: 'own' }, { ...facts, notes: ['x'] })).toMatchObject({
      name: 'own',
      title: 't',
      notes: ['x'],
    });
  });
});

describe('sharedSocketOf', () => {
  it('divides numbers, and gives nodes without one a socket of their own', () => {
    expect([0, 3, 4].map((numa) => sharedSocketOf(numa, 4, 9))).toEqual([0, 0, 1]);
    expect([sharedSocketOf(undefined, 4, 9), sharedSocketOf('a', 4, 2)]).toEqual(['-unknown9', '-unknown2']);
  });
});
