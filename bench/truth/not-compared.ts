/** A measurement, or one row of it, that stands beside nothing of ours, and why. */
export interface NotCompared {
  readonly id: string;
  /** The machine or path of the row, where only some rows of a measurement are left out. */
  readonly row?: string;
  readonly what: string;
  readonly reason: string;
}

const NO_SERVER = 'no server of the catalogue';

/** Everything in the collection of measurements that the tables do not show. */
export const notCompared: readonly NotCompared[] = [
  {
    id: 'rtx-dual-turin-6',
    what: 'dual EPYC Turin with 6 mixed GPUs, GPU to GPU',
    reason: `${NO_SERVER}, and the source does not say for certain which GPU is on which socket`,
  },
  {
    id: 'c2c-dgx-station',
    what: 'DGX Station with half a GB300, C2C',
    reason: `${NO_SERVER}: in a GB300 tray two GPUs share the C2C of a Grace`,
  },
  {
    id: 'rtx-wrx90-8gpu-h2d',
    what: 'WRX90, 8 RTX PRO 6000, host to GPU, two layouts',
    reason: NO_SERVER,
  },
  {
    id: 'single-flow-list',
    row: '2x RTX 6000 Ada, Gen4',
    what: 'two RTX 6000 Ada',
    reason: `${NO_SERVER}; every Gen4 link of the catalogue has its figure, 26.3`,
  },
  ...[
    ['H100 PCIe NVL pair', 'two H100 PCIe with a bridge'],
    ['RTX 4090 8-GPU without P2P', '8 RTX 4090 without P2P'],
    ['DGX Station V100 (2 NVLinks)', 'DGX Station V100'],
    ['POWER9 NVLink same socket', 'POWER9'],
    ['POWER8 same socket', 'POWER8'],
    ['A10-class behind a switch: P2P 9.9 vs SHM', 'two A10 behind a switch'],
    ['8-9 GPUs single-socket Gen5', '8 or 9 GPUs on one socket, Gen5'],
    ['Turin 2S, Gen5 GPUs, cross socket', 'dual Turin across the sockets'],
  ].map(
    ([row, what]): NotCompared => ({ id: 'single-flow-list', row: row!, what: what!, reason: NO_SERVER }),
  ),
  { id: 'cpayne-8gpu-contention', what: 'WRX90 with two levels of switches', reason: NO_SERVER },
  { id: 'asrock-turin-16gpu-contention', what: 'Turin with 4 switches × 4 GPUs', reason: NO_SERVER },
  { id: 'wrx90-16gpu-contention', what: 'WRX90 with 4 switches × 4 GPUs', reason: NO_SERVER },
  ...[
    '3 switches, single CPU, 8 GPU',
    'dual Turin direct attach, 8 GPU',
    '4 switches, single CPU, 8 GPU',
    '1 switch, 4 GPU',
    'Turin same NUMA, 4 GPU',
  ].map((row): NotCompared => ({ id: 'p2pmark-scores', row, what: `all-to-all, ${row}`, reason: NO_SERVER })),
  ...['rtx-turin-8-minch8', 'rtx-turin-8-default', 'rtx-3sw-8', 'rtx-4sw-8', 'rtx-wrx90-8'].map(
    (id): NotCompared => ({ id, what: 'all-reduce of 8 RTX PRO 6000 on other boards', reason: NO_SERVER }),
  ),
  { id: 'latency-us', what: 'latencies of PCIe paths', reason: 'no bandwidth: the model has no latency' },
  {
    id: 'mooncake-nic-pairs',
    what: 'pairs of NICs',
    reason: 'a summary (19 to 21.6 GB/s on 200G bonds) of a fabric that is not described',
  },
  {
    id: 'nccl-2.18-log-8x3090',
    what: 'a log of NCCL 2.18',
    reason: 'what NCCL chose, not what was measured',
  },
];
