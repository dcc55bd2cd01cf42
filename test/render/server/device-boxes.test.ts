import { describe, expect, it } from 'vitest';
import type { ServerTopology } from '../../../src/index.js';
import {
  type DeviceBox,
  type DeviceBoxes,
  linkLabel,
  measureBox,
  placeBox,
  type Stub,
  stubLabel,
} from '../../../src/render/server/device-boxes.js';
import { deviceTree } from '../../../src/render/server/device-tree.js';
import type { Link } from '../../../src/topology/server-document.js';
import { link, smallServer } from '../small-server.js';

/** The boxes of a server with one outermost device. */
function layout(
  server: ServerTopology,
  widthMin = 0,
): DeviceBoxes & { readonly of: (id: string) => DeviceBox } {
  const [root] = deviceTree(server).roots;
  const measured = measureBox(root!, { widthMin, notes: new Map() });
  const boxes: DeviceBox[] = [];
  const stubs: Stub[] = [];
  placeBox(measured, 0, 0, measured.height, { boxes, stubs });
  return { boxes, stubs, of: (id) => boxes.find(({ node }) => node.device.id === id)! };
}

describe('measureBox and placeBox', () => {
  it('put GPUs side by side and equally high, and what has none in a stack beside them', () => {
    const nics = Array.from({ length: 4 }, (_, i) => `nic${i}`);
    const gpus = ['gpu0', 'gpu1'];
    const { of, stubs } = layout(
      smallServer({ 'pcie-switch': ['sw'], gpu: gpus, nic: nics }, [
        ...gpus.map((gpu) => link('sw', gpu)),
        ...nics.map((nic) => link('sw', nic)),
      ]),
    );
    expect(of('gpu0').y).toBe(of('gpu1').y);
    expect(of('gpu0').height).toBe(of('gpu1').height);
    expect(of('gpu1').x).toBeGreaterThan(of('gpu0').x + of('gpu0').width);
    nics.slice(1).forEach((nic, i) => {
      expect(of(nic).x).toBe(of(nics[i]!).x);
      expect(of(nic).y).toBeGreaterThan(of(nics[i]!).y);
    });
    // GPUs are as high as the stack, and one figure serves the stack.
    expect(of('gpu0').y + of('gpu0').height).toBeCloseTo(of('nic3').y + of('nic3').height);
    expect(stubs).toHaveLength(6);
    expect(stubs.filter(({ labelAt }) => labelAt !== undefined)).toHaveLength(3);
  });

  it('stack devices on links of different figures apart, and long stacks in columns', () => {
    const columns = (count: number, GBps: (i: number) => number): number => {
      const nics = Array.from({ length: count }, (_, i) => `nic${i}`);
      const links = nics.map((nic, i) => link('m', nic, 'pcie', GBps(i)));
      const { of } = layout(smallServer({ numa: ['m'], nic: nics }, links));
      return new Set(nics.map((nic) => of(nic).x)).size;
    };
    expect([1, 4, 5, 9].map((count) => columns(count, () => 10))).toEqual([1, 1, 2, 3]);
    expect(columns(4, (i) => 10 + (i % 2))).toBe(2);
    expect(columns(4, (i) => i + 1)).toBe(4);
  });

  it('make GPUs as wide as asked for, and boxes wide enough for names and figures', () => {
    const server = smallServer({ numa: ['m'], gpu: ['g'] }, [link('m', 'g')]);
    expect(layout(server, 200).of('g').width).toBe(200);
    expect(layout(server, 200).of('m').width).toBeGreaterThan(200);
    const long = 'a name of some length';
    const named = layout(smallServer({ numa: [long], gpu: ['g'] }, [link(long, 'g')]));
    expect(named.of(long).width).toBeGreaterThan(layout(server).of('m').width);
    const endless = 'x'.repeat(1000);
    expect(layout(smallServer({ numa: [endless] }, [])).of(endless).width).toBeLessThan(150);
  });
});

describe('stubLabel and linkLabel', () => {
  const labels = (more: Partial<Link>): string[] => {
    const own = { ...(link('a', 'b') as Link), ...more };
    return [stubLabel(own), linkLabel(own)];
  };
  it('are the figure, with what one flow reaches where that is less', () => {
    expect(labels({})).toEqual(['10', '10']);
    expect(labels({ flowCapGBps: 10 })).toEqual(['10', '10']);
    expect(labels({ flowCapGBps: 7.5 })).toEqual(['10 (7.5 per flow)', '10 (7.5 per flow)']);
  });

  it('say nothing of nesting inside a package, which limits nothing', () => {
    expect(labels({ medium: 'on-package' })).toEqual(['', '10']);
    expect(labels({ medium: 'on-chip' })).toEqual(['', '10']);
  });
});
