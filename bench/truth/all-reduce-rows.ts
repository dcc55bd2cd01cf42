import { nvl72, type TopologyName, topology } from '../../src/catalogue/index.js';
import { clusterTopology, collectiveBandwidth, compile } from '../../src/index.js';
import type { ServerDocument } from '../../src/topology/server-document.js';
import { type MeasuredRow, type Measurement, measurement } from './measured-data.js';
import { withNcclConstants } from './nccl-constants.js';

/** An all-reduce beside our figures. */
export interface AllReduceRow extends MeasuredRow {
  /** What the model says with NCCL's constants in place of the document's figures. */
  readonly ncclConstantsGBps?: number;
  /** `ring` with the document's figures, where the sets are inside one server. */
  readonly ringGBps?: number;
}

const NVLS = 'NVLS: the switches add, which neither of our figures models';

const B200_RING =
  "NVLink of the document is that of a GB200, by copies; no B200 copy is in the data. With NCCL's constants the model is 6 or 7 % above the ring";

/** All-reduces inside one server: the largest size measured. */
const INSIDE: readonly { id: string; server: TopologyName; isTaken?: true; why: string }[] = [
  {
    id: 'a100-sxm4-8-allreduce',
    server: 'dgx-a100',
    why: "NVLink of the document is 272 by copies, and this all-reduce reaches 235 of it: a library's ring does not fill a link as a copy does. NCCL's constant, 20 per link instead of 22.7, says 240",
  },
  { id: 'h200-8-allreduce', server: 'dgx-h200', why: `${NVLS}; with a ring the same machine measures 367.6` },
  { id: 'b200-8-allreduce', server: 'dgx-b200', why: NVLS },
  {
    id: 'v100-16g-8',
    server: 'dgx1-v100',
    why: "the document has NCCL's constant, 20 of 25 raw per link; 129 is 21.5 per link",
  },
  { id: 'mi300x-2', server: 'mi300x-8', isTaken: true, why: '' },
  {
    id: 'mi300x-8',
    server: 'mi300x-8',
    why: 'seven rings fill all seven links of a GPU in the model; the library reaches 93 % of that',
  },
];

/** Sets of k GPUs of one machine: the library's choice and its ring. */
const NVLS_SERVERS: Readonly<Record<string, TopologyName>> = { H200: 'dgx-h200', B200: 'dgx-b200' };

/** An all-reduce over several servers beside our figure. */
export interface AcrossRow extends MeasuredRow {
  /** What the model said, GB/s, when the links of NICs counted instead of their ports: 55.4 for a port of 50. */
  readonly beforeGBps: number;
}

/** All-reduces over several servers. */
const ACROSS: readonly { id: string; server: TopologyName; beforeGBps: number; why: string }[] = [
  {
    id: 'b200-32-allreduce',
    server: 'dgx-b200',
    beforeGBps: 572.5,
    why: "the model is the best schedule, which sends what leaves a server once (31 × 400 / 24); a ring passes everything through the NICs of every server, which bounds it by 400, and by 8 × 48 = 384 with NCCL's steps",
  },
  {
    id: 'h100-16-oci',
    server: 'dgx-h100',
    beforeGBps: 385.2,
    why: "NVLS inside and a tree between the two servers; NCCL's cost model says 461.6",
  },
  {
    id: 'p4de-16',
    server: 'aws-p4d.24xlarge',
    beforeGBps: 90,
    why: "EFA at its port rate, of which protocol and the hop through PCIe Gen3 take a part; NCCL's own model says 82.8",
  },
  {
    id: 'p5-16',
    server: 'aws-p5.48xlarge',
    beforeGBps: 385.2,
    why: 'NVLS inside and a tree between the two servers',
  },
  {
    id: 'h200-32',
    server: 'dgx-h200',
    beforeGBps: 385.2,
    why: 'the model is limited by NVLink here, the library by NICs of 8 × 48 = 384 as well',
  },
];

function largest(m: Measurement): number {
  return m.busBw!.at(-1)!;
}

function sizeName(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value} ${units[unit]}`;
}

function insideRow(
  name: TopologyName,
  gpuCount: number,
  row: Pick<AllReduceRow, 'id' | 'what' | 'measuredGBps' | 'isTaken' | 'why'>,
): AllReduceRow {
  const server = topology(name);
  const gpus = Array.from({ length: gpuCount }, (_, ordinal) => ordinal);
  return {
    ...row,
    server: `\`${name}\``,
    modelGBps: collectiveBandwidth(server, gpus),
    ringGBps: collectiveBandwidth(server, gpus, { algorithm: 'ring' }),
    ncclConstantsGBps: collectiveBandwidth(withNcclConstants(server.document), gpus),
  };
}

/** All-reduces inside one server: sweeps at their largest size, then sets of 4 to 8 GPUs with and without NVLS. */
export function insideRows(): AllReduceRow[] {
  const sweeps = INSIDE.map(({ id, server, isTaken = false, why }) => {
    const m = measurement(id);
    const what = `${m.nGpus} GPUs, ${sizeName(m.sizesBytes!.at(-1)!)}`;
    return insideRow(server, m.nGpus!, { id, what, measuredGBps: largest(m), isTaken, why });
  });
  const sets = measurement('nvls-gain').rows!.flatMap((row) => {
    const name = NVLS_SERVERS[String(row.gpu)]!;
    const count = Number(row.n);
    const common = { id: 'nvls-gain', isTaken: false };
    const collective = String(row.collective ?? 'all-reduce');
    const rows: AllReduceRow[] = [];
    rows.push(
      insideRow(name, count, {
        ...common,
        what: `${collective}, ${count} GPUs, 8 GiB, ${row.collective === undefined ? 'ring' : 'as chosen'}`,
        measuredGBps: Number(row.ring ?? row.auto),
        why: name === 'dgx-b200' ? B200_RING : '',
      }),
    );
    if (row.algo === 'NVLS') {
      rows.push(
        insideRow(name, count, {
          ...common,
          what: `${collective}, ${count} GPUs, 8 GiB, NVLS`,
          measuredGBps: Number(row.auto),
          why: NVLS,
        }),
      );
    }
    return rows;
  });
  return [...sweeps, ...sets];
}

/** All-reduces over several servers: the bandwidth of a placement in a cluster of just these servers. */
export function acrossRows(): AcrossRow[] {
  const rows = ACROSS.map(({ id, server, beforeGBps, why }): AcrossRow => {
    const m = measurement(id);
    const cluster = clusterTopology({
      tiers: [],
      types: { server },
      servers: Array.from({ length: m.nNodes! }, (_, i) => ({ id: `server${i}`, type: 'server' })),
    });
    return {
      id,
      what: `${m.nNodes} × ${m.nGpus! / m.nNodes!} GPUs, ${sizeName(m.sizesBytes!.at(-1)!)}, NICs of a server ${portsGBps(topology(server).document)} GB/s`,
      server: `\`${server}\``,
      measuredGBps: largest(m),
      beforeGBps,
      modelGBps: gangGBps(cluster, m.nNodes!, m.nGpus! / m.nNodes!),
      isTaken: false,
      why,
    };
  });
  const gb300 = measurement('gb300-8');
  const rack = clusterTopology(nvl72({ server: 'gb300-nvl72-tray', traysPerRack: gb300.nNodes! }));
  return [
    ...rows,
    {
      id: 'gb300-8',
      what: `2 × 4 GPUs of one NVLink domain, ${sizeName(gb300.sizesBytes!.at(-1)!)}`,
      server: "`nvl72({ server: 'gb300-nvl72-tray', traysPerRack: 2 })`",
      measuredGBps: largest(gb300),
      beforeGBps: 745.2,
      modelGBps: gangGBps(rack, gb300.nNodes!, gb300.nGpus! / gb300.nNodes!),
      isTaken: false,
      why: `not at its plateau: 8 B200 reach ${atSize('b200-8-allreduce', 536_870_912)} at this size and ${largest(measurement('b200-8-allreduce'))} at 16 GiB. The rest is not explained`,
    },
  ];
}

/** What the compute NICs of a server carry together at their port rate, GB/s per direction. */
export function portsGBps(document: ServerDocument): number {
  return document.devices
    .filter(({ role }) => role === 'compute')
    .reduce((sum, { portGBps }) => sum + portGBps!, 0);
}

/** The bandwidth of a gang that fills a cluster. */
export function gangGBps(cluster: ReturnType<typeof clusterTopology>, pods: number, gpus: number): number {
  const result = compile(cluster).find({ pods, gpus });
  if (!result.ok) throw new Error(`${pods} pods of ${gpus} GPUs do not fit: ${result.reason}`);
  return result.placement.bandwidthGBps!;
}

/** The bus bandwidth of a sweep at one of its sizes. */
function atSize(id: string, bytes: number): number {
  const m = measurement(id);
  const at = m.sizesBytes!.indexOf(bytes);
  if (at < 0) throw new Error(`${id} has no size of ${bytes} bytes`);
  return m.busBw![at]!;
}

/** One sweep by size: the model has no latency, so a table of where it begins to hold. */
export interface SweepRow {
  readonly size: string;
  /** Measured bus bandwidth ÷ that of the largest size, per sweep. */
  readonly shares: readonly number[];
}

/** The sweeps that have every size. */
export const SWEEPS: readonly string[] = [
  'a100-sxm4-8-allreduce',
  'h200-8-allreduce',
  'b200-8-allreduce',
  'b200-32-allreduce',
];

/** How much of its largest size each sweep reaches at sizes four times apart. */
export function sweepRows(): SweepRow[] {
  const sizes = measurement(SWEEPS[0]!).sizesBytes!.filter((_, i) => i % 2 === 1);
  return sizes.map((bytes) => ({
    size: sizeName(bytes),
    shares: SWEEPS.map((id) => atSize(id, bytes) / largest(measurement(id))),
  }));
}
