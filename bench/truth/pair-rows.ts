import { type TopologyName, topology } from '../../src/catalogue/index.js';
import { route, serverTopology } from '../../src/index.js';
import { flowRates, sum } from './flow-rates.js';
import { type MeasuredRow, measurement } from './measured-data.js';
import { withFewerNvlinks } from './nccl-constants.js';

type Pair = readonly [number, number];

/** A class of pairs of one measured matrix. */
interface PairClass {
  readonly id: string;
  readonly server: TopologyName;
  readonly matrix: 'uniGBs' | 'bidiGBs';
  readonly what: string;
  readonly holds: (pair: Pair) => boolean;
  readonly isTaken: boolean;
  readonly why: string;
}

const every = (): boolean => true;
/** GPUs 0 to 3 hang on one socket of the ESC8000A, 4 to 7 on the other. */
const isAcross = ([a, b]: Pair): boolean => a < 4 !== b < 4;
const isOneSwitch = ([a, b]: Pair): boolean => a >> 1 === b >> 1;

const LOWER_SOURCE = 'the document has the lower of two sources';

const CLASSES: readonly PairClass[] = [
  {
    id: 'a100-sxm4-8',
    server: 'dgx-a100',
    matrix: 'uniGBs',
    what: 'one flow, NVLink',
    holds: every,
    isTaken: true,
    why: '',
  },
  {
    id: 'nvbandwidth-a100-8',
    server: 'dgx-a100',
    matrix: 'uniGBs',
    what: 'one flow, NVLink, another tool',
    holds: every,
    isTaken: false,
    why: LOWER_SOURCE,
  },
  {
    id: 'h100-sxm5-8',
    server: 'dgx-h100',
    matrix: 'uniGBs',
    what: 'one flow, NVLink',
    holds: every,
    isTaken: true,
    why: 'the document has the middle of H100 (376) and H200 (396)',
  },
  {
    id: 'gb200-tray-4',
    server: 'gb200-nvl72-tray',
    matrix: 'uniGBs',
    what: 'one flow, NVLink',
    holds: every,
    isTaken: true,
    why: '',
  },
  {
    id: 'rtx-esc8000a-8',
    server: 'rtxpro6000-8-pairs',
    matrix: 'uniGBs',
    what: 'one flow, one switch',
    holds: isOneSwitch,
    isTaken: false,
    why: 'Gen5 x16 of the document was measured on an H200',
  },
  {
    id: 'rtx-esc8000a-8',
    server: 'rtxpro6000-8-pairs',
    matrix: 'uniGBs',
    what: 'one flow, two switches of a socket',
    holds: (pair) => !isAcross(pair) && !isOneSwitch(pair),
    isTaken: false,
    why: 'Gen5 x16 of the document was measured on an H200',
  },
  {
    id: 'rtx-esc8000a-8',
    server: 'rtxpro6000-8-pairs',
    matrix: 'uniGBs',
    what: 'one flow, across the sockets',
    holds: isAcross,
    isTaken: true,
    why: 'the per-flow cap of the document',
  },
  {
    id: 'rtx-esc8000a-8',
    server: 'rtxpro6000-8-pairs',
    matrix: 'bidiGBs',
    what: 'both directions, inside a socket',
    holds: (pair) => !isAcross(pair),
    isTaken: false,
    why: 'nearly twice one direction: links of the model are fully duplex, real ones lose a few percent',
  },
  {
    id: 'rtx-esc8000a-8',
    server: 'rtxpro6000-8-pairs',
    matrix: 'bidiGBs',
    what: 'both directions, across the sockets',
    holds: isAcross,
    isTaken: false,
    why: 'the source contradicts itself: each direction carries 47 when both run and 38 alone, and four pairs in one direction together 83. A cap per flow, taken from the one-way figure, cannot give all three',
  },
];

/** Every class of pairs, by its mean. */
export function matrixRows(): MeasuredRow[] {
  return CLASSES.map(({ id, server: name, matrix, what, holds, isTaken, why }) => {
    const server = topology(name);
    const figures: number[] = [];
    const models: number[] = [];
    measurement(id)[matrix]!.forEach((line, a) => {
      line.forEach((value, b) => {
        if (value === null || !holds([a, b])) return;
        const [from, to] = [server.gpus[a]!, server.gpus[b]!];
        figures.push(value);
        models.push(
          matrix === 'uniGBs'
            ? route(server, from, to).bandwidthGBps
            : sum(
                flowRates(server, [
                  [from, to],
                  [to, from],
                ]),
              ),
        );
      });
    });
    return {
      id,
      what: `${what}, ${figures.length} pairs`,
      server: `\`${name}\``,
      measuredGBps: sum(figures) / figures.length,
      range: [Math.min(...figures), Math.max(...figures)],
      modelGBps: sum(models) / models.length,
      isTaken,
      why,
    };
  });
}

/** Links to the host, and single flows that are not in a matrix. */
export function linkRows(): MeasuredRow[] {
  const h200 = topology('dgx-h200');
  const a100 = topology('dgx-a100');
  const genoa = topology('cert-2s-2gpu-direct');
  const h200Host = measurement('h200-host');
  const a100Host = measurement('a100-host');
  const h200Pair = measurement('h200-p2p');
  const single = (machine: string): Readonly<Record<string, number | string>> =>
    measurement('single-flow-list').rows!.find((r) => String(r.machine).startsWith(machine))!;
  const nodeOf = (server: typeof h200): string => {
    const { numa } = server.document.devices.find((device) => device.id === 'gpu0')!;
    return `numa${numa}`;
  };
  const noNvlink = serverTopology(withFewerNvlinks(topology('dgx-h100').document, 'gpu0', 0));
  const p2p = sum(
    flowRates(h200, [
      ['gpu0', 'gpu1'],
      ['gpu1', 'gpu0'],
    ]),
  );
  return [
    {
      id: 'h200-host',
      what: 'host to GPU, PCIe Gen5 x16',
      server: '`dgx-h200`',
      measuredGBps: h200Host.h2d!,
      modelGBps: route(h200, nodeOf(h200), 'gpu0').bandwidthGBps,
      isTaken: true,
      why: 'every Gen5 link of the catalogue has this figure',
    },
    {
      id: 'h200-host',
      what: 'GPU to host, PCIe Gen5 x16',
      server: '`dgx-h200`',
      measuredGBps: h200Host.d2h!,
      modelGBps: route(h200, 'gpu0', nodeOf(h200)).bandwidthGBps,
      isTaken: false,
      why: 'links of the model are alike in both directions',
    },
    {
      id: 'a100-host',
      what: 'host to GPU, PCIe Gen4 x16',
      server: '`dgx-a100`',
      measuredGBps: a100Host.h2d!,
      modelGBps: route(a100, nodeOf(a100), 'gpu0').bandwidthGBps,
      isTaken: false,
      why: 'Gen4 x16 of the document was measured between two RTX 6000 Ada',
    },
    {
      id: 'a100-host',
      what: 'host to GPU while the other direction runs',
      server: '`dgx-a100`',
      measuredGBps: a100Host.h2dBidirPerDir!,
      modelGBps: flowRates(a100, [
        [nodeOf(a100), 'gpu0'],
        ['gpu0', nodeOf(a100)],
      ])[0]!,
      isTaken: false,
      why: 'the model is fully duplex; here each direction loses a quarter while the other runs. The data does not say where',
    },
    {
      id: 'h200-p2p',
      what: 'one flow, NVLink',
      server: '`dgx-h200`',
      measuredGBps: h200Pair.p2pUni!,
      modelGBps: route(h200, 'gpu0', 'gpu1').bandwidthGBps,
      isTaken: true,
      why: 'the document has the middle of H100 (376) and H200 (396)',
    },
    {
      id: 'h200-p2p',
      what: 'both directions, NVLink',
      server: '`dgx-h200`',
      measuredGBps: h200Pair.p2pBi!,
      modelGBps: p2p,
      isTaken: false,
      why: 'NVLink is fully duplex indeed',
    },
    {
      id: 'single-flow-list',
      what: 'one flow, NVLink',
      server: '`dgx-h100`',
      measuredGBps: Number(single('H100 SXM NVLink').uni),
      modelGBps: route(topology('dgx-h100'), 'gpu0', 'gpu1').bandwidthGBps,
      isTaken: true,
      why: '',
    },
    {
      id: 'single-flow-list',
      what: 'one flow with P2P switched off',
      server: '`dgx-h100` without the NVLinks of gpu0',
      measuredGBps: Number(single('H100 SXM P2P disabled').uni),
      modelGBps: route(noNvlink, 'gpu0', 'gpu1').bandwidthGBps,
      isTaken: false,
      why: 'without P2P a copy is staged: written to host memory by one GPU, read by the other. The model routes through the CPU but does not stage, so it is the bound',
    },
    {
      id: 'single-flow-list',
      what: 'one flow across the sockets, Genoa',
      server: '`cert-2s-2gpu-direct`',
      measuredGBps: Number(single('Genoa 2S').uni),
      modelGBps: route(genoa, 'gpu0', 'gpu1').bandwidthGBps,
      isTaken: true,
      why: 'the per-flow cap of the document',
    },
    {
      id: 'single-flow-list',
      what: 'both directions across the sockets, Genoa',
      server: '`cert-2s-2gpu-direct`',
      measuredGBps: Number(single('Genoa 2S').bi),
      modelGBps: sum(
        flowRates(genoa, [
          ['gpu0', 'gpu1'],
          ['gpu1', 'gpu0'],
        ]),
      ),
      isTaken: false,
      why: 'both directions together are below twice one: something on the way is shared by both, which links of the model are not',
    },
  ];
}
