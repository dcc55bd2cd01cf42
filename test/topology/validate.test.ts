import { describe, expect, it } from 'vitest';
import { topology } from '../../src/catalogue/index.js';
import { clusterTopology, serverTopology } from '../../src/index.js';
import { caught } from '../catalogue/caught.js';

const SERVER = topology('mi250x-frontier').document;
const NIC = SERVER.devices.findIndex(({ kind }) => kind === 'nic');

/** Builds a topology with a figure in one place. */
type Place = (figure: unknown) => unknown;

const link =
  (field: string): Place =>
  (figure) =>
    serverTopology({
      ...SERVER,
      links: SERVER.links.map((one, i) => (i === 3 ? { ...one, [field]: figure } : one)),
    });

const cluster =
  (more: (figure: unknown) => object): Place =>
  (figure) =>
    clusterTopology({
      tiers: ['rack'],
      types: { h100: 'dgx-h100' },
      servers: [{ id: 'a', type: 'h100', domains: { rack: 'r' } }],
      ...more(figure),
    });

const PLACES: Readonly<Record<string, Place>> = {
  'links[3].bandwidthGBps': link('bandwidthGBps'),
  'links[3].flowCapGBps': link('flowCapGBps'),
  'links[3].rawGBps': link('rawGBps'),
  'links[3].ncclGBps': link('ncclGBps'),
  [`devices[${NIC}].portGBps`]: (figure) =>
    serverTopology({
      ...SERVER,
      devices: SERVER.devices.map((one, i) => (i === NIC ? { ...one, portGBps: figure } : one)),
    }),
  'uplinks.rack.GBps': cluster((GBps) => ({ uplinks: { rack: { GBps } } })),
  'uplinks.rack.domains.r': cluster((r) => ({ uplinks: { rack: { domains: { r } } } })),
  'accelerator.GBpsPerGpu': cluster((GBpsPerGpu) => ({ accelerator: { tier: 'rack', GBpsPerGpu } })),
  'accelerator.domains.r': cluster((r) => ({ accelerator: { tier: 'rack', domains: { r } } })),
};

describe('a bandwidth in a document', () => {
  const places = Object.entries(PLACES);

  it.each(places)('may lie between a kilobyte and an exabyte per second: %s', (_, build) => {
    for (const figure of [1e-6, 1, 1e9]) build(figure);
  });

  it.each(places)('is refused elsewhere, with its place and the limits: %s', (path, build) => {
    const wrong = [
      1e-310,
      5e-324,
      9.99e-7,
      0,
      -0,
      -1,
      1.001e9,
      1e308,
      Number.POSITIVE_INFINITY,
      Number.NaN,
      4n,
      '4',
    ];
    for (const figure of wrong) {
      const { code, message } = caught(() => build(figure));
      expect(code).toBe('invalid-document');
      expect(message).toMatch(path);
      if (typeof figure === 'number' && !Number.isNaN(figure))
        expect(message).toMatch('from 0.000001 to 1000000000');
    }
  });
});
