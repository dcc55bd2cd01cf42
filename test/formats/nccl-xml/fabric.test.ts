import { describe, expect, it } from 'vitest';
import { collectiveBandwidth } from '../../../src/bandwidth/index.js';
import { topology } from '../../../src/catalogue/index.js';
import { fromNcclXml, toNcclXml } from '../../../src/formats/index.js';
import { route, serverTopology } from '../../../src/topology/index.js';

describe('fromNcclXml with NVSwitches that not every GPU reaches', () => {
  const SWITCHES = { a: '0000:c0:00.0', b: '0000:c1:00.0' } as const;
  /** GPUs of SM90 with nine links to each of the switches named. */
  const read = (...gpus: (keyof typeof SWITCHES)[][]) => {
    const pci = gpus.map(
      (to, i) =>
        `<pci busid="0000:0${i + 1}:00.0" class="0x030200" link_speed="32.0 GT/s PCIe" link_width="16">` +
        `<gpu dev="${i}" sm="90" rank="${i}" gdr="1">` +
        to.map((name) => `<nvlink target="${SWITCHES[name]}" count="9" tclass="0x068000"/>`).join('') +
        '</gpu></pci>',
    );
    const cpu =
      '<cpu numaid="0" affinity="ffff" arch="x86_64" vendor="GenuineIntel" familyid="6" modelid="143">';
    return serverTopology(
      fromNcclXml(`<system version="1">${cpu}${pci.join('')}</cpu></system>`, { gpuModel: 'H100' }),
    );
  };

  it('takes them for one, as NCCL does: who lacks links slows nobody but himself', () => {
    const server = read(['a'], ['a', 'b'], ['a', 'b']);
    expect(route(server, 'gpu1', 'gpu2').bandwidthGBps).toBe(370.8);
    expect(collectiveBandwidth(server, [1, 2])).toBe(370.8);
    for (const gpus of [
      [0, 1],
      [0, 1, 2],
    ]) {
      expect(collectiveBandwidth(server, gpus)).toBe(185.4);
      expect(collectiveBandwidth(server, gpus, { algorithm: 'ring' })).toBe(185.4);
    }
    // One GPU on each switch, and a third on both: NCCL says 185.4, though no switch joins the two.
    expect(route(read(['a'], ['a', 'b'], ['b']), 'gpu0', 'gpu2').bandwidthGBps).toBe(185.4);
  });

  it('leaves the healthy GPUs of a DGX H100 as fast as they are, one of which lost a switch', () => {
    const { document } = topology('dgx-h100');
    const [lost] = document.devices.filter(({ kind }) => kind === 'nvswitch');
    const links = document.links.filter(
      ({ between }) => !(between.includes('gpu2') && between.includes(lost!.id)),
    );
    expect(links.length).toBe(document.links.length - 1);
    const healthy = [0, 1, 3, 4, 5, 6, 7];
    const degraded = serverTopology({ ...document, links });
    const fromFile = serverTopology(fromNcclXml(toNcclXml(degraded), { gpuModel: 'H100' }));
    for (const algorithm of ['ring', 'optimal'] as const) {
      expect(collectiveBandwidth(degraded, healthy, { algorithm })).toBeCloseTo(385.2, 9);
      expect(collectiveBandwidth(fromFile, healthy, { algorithm })).toBeCloseTo(370.8, 9);
    }
  });
});
