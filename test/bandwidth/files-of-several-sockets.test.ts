import { describe, expect, it } from 'vitest';
import { collectiveBandwidth } from '../../src/bandwidth/collective-bandwidth.js';
import { clusterTopology } from '../../src/catalogue/cluster-topology.js';
import { synthetic } from '../../src/catalogue/index.js';
import { fromNcclXml, fromNvidiaSmiTopo } from '../../src/formats/index.js';
import { simulate } from '../../src/simulation/index.js';
import { route } from '../../src/topology/route.js';
import { serverTopology } from '../../src/topology/server-topology.js';
import type { ServerTopology } from '../../src/topology/types.js';

/** A machine whose GPUs stand on the given NUMA nodes, as `nvidia-smi topo -m` prints it. */
function fromMatrix(numa: readonly number[]): ServerTopology {
  const heads = numa.map((_, i) => `GPU${i}`);
  const rows = numa.map((node, i) => {
    const cells = numa.map((other, j) => (i === j ? ' X ' : node === other ? 'PHB' : 'SYS'));
    return [`GPU${i}`, ...cells, `${4 * node}-${4 * node + 3}`, node, 'N/A'].join('\t');
  });
  const head = ['', ...heads, 'CPU Affinity', 'NUMA Affinity', 'GPU NUMA ID'].join('\t');
  return serverTopology(fromNvidiaSmiTopo(`${[head, ...rows].join('\n')}\n`, { gpuModel: 'A100' }));
}

describe('files of machines with several sockets', () => {
  it.each([2, 3, 4, 8])('a pair across costs the same on %d NUMA nodes: no detour adds to it', (nodes) => {
    const server = fromMatrix(Array.from({ length: nodes }, (_, i) => i));
    expect(route(server, 'GPU0', 'GPU1').bandwidthGBps).toBe(22);
    expect(collectiveBandwidth(server, [0, 1])).toBe(22);
    expect(collectiveBandwidth(server, [0, 1], { algorithm: 'ring' })).toBe(22);
  });

  it('a pair across four nodes of two GPUs is slower than one inside, and a job on it takes longer', () => {
    const server = fromMatrix([0, 0, 1, 1, 2, 2, 3, 3]);
    expect(collectiveBandwidth(server, [0, 1])).toBe(48);
    expect(collectiveBandwidth(server, [0, 2])).toBe(22);
    const cluster = clusterTopology({
      tiers: [],
      types: { four: server.document },
      servers: [{ id: 'node', type: 'four' }],
    });
    // One GPU stays busy on each of four nodes but one, so that the pair must be across.
    const fillers = Array.from({ length: 8 }, (_, i) => ({
      id: `filler ${i}`,
      submitSeconds: 0,
      durationSeconds: [1, 5].includes(i) ? 10 : 1e5,
      gpus: 1,
    }));
    const pair = {
      id: 'pair',
      submitSeconds: 20,
      durationSeconds: 1000,
      gpus: 2,
      communicationFraction: 0.5,
    };
    const { jobs } = simulate({ cluster, jobs: [...fillers, pair] });
    const { startSeconds, endSeconds } = jobs.at(-1)!;
    expect(endSeconds! - startSeconds!).toBeCloseTo(500 + (500 * 48) / 22, 6);
  });

  it('a NIC on an unknown NUMA node does not speed up two GPUs on two others', () => {
    const pci = (bus: string, inner: string): string =>
      `<pci busid="0000:${bus}:00.0" class="${inner.startsWith('<gpu') ? '0x030200' : '0x020000'}" link_speed="32.0 GT/s PCIe" link_width="16">${inner}</pci>`;
    const gpu = (dev: number): string => `<gpu dev="${dev}" sm="90" rank="${dev}" gdr="1"/>`;
    const nic = '<nic><net name="m" dev="0" speed="400000" port="1" guid="0x1" maxconn="1" gdr="1"/></nic>';
    const cpu = (numa: string, inner: string): string =>
      `<cpu numaid="${numa}" affinity="0000ffff" arch="x86_64" vendor="GenuineIntel" familyid="6" modelid="143">${inner}</cpu>`;
    for (const numa of ['-1', '65535']) {
      const text = `<system version="1">${cpu('0', pci('05', gpu(0)))}${cpu('1', pci('06', gpu(1)))}${cpu(numa, pci('07', nic))}</system>`;
      const server = serverTopology(fromNcclXml(text, { gpuModel: 'H200' }));
      expect(collectiveBandwidth(server, [0, 1])).toBe(22);
    }
  });

  it.each(['cpu:2 gpu:2', 'cpu:4 gpu:2', 'cpu:8 gpu:1'])(
    'a pair across %s has the 50 of one link',
    (text) => {
      const server = serverTopology(synthetic(text));
      expect(collectiveBandwidth(server, [0, server.gpus.length - 1])).toBe(50);
    },
  );
});
