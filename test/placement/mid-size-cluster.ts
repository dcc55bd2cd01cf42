import { type ClusterTopology, compile, type ServerTopology, type Solver } from '../../src/index.js';
import { randomStream } from '../../src/random.js';
import { buildClusterTopology } from '../../src/topology/cluster-topology.js';
import { type ShortLink, smallServer } from '../bandwidth/small-server.js';

/** GPUs of every server. */
export const GPUS = 8;
/** GB/s among any GPUs of one server: what NVSwitches give to each. */
export const NVSWITCH_GBPS = 100;

/** Racks in blocks, with servers that are partly in use, and a gang that no rack can take. */
export interface MidSizeCase {
  readonly cluster: ClusterTopology;
  /** GPUs in use, by position of the server. */
  readonly busy: readonly number[];
  readonly pods: number;
  readonly gpusPerPod: number;
  /** GB/s to and from the NIC of one server, whatever GPUs use it. */
  readonly nicGBps: number;
}

/** Equal GPUs behind NVSwitches, and one NIC for them all. */
function serverOf(nicGBps: number): ServerTopology {
  const gpus = Array.from({ length: GPUS }, (_, i) => `gpu${i}`);
  return smallServer(
    ['socket0', 'sw0', 'nic0', 'nvsw0', ...gpus],
    [
      ['socket0', 'sw0', 'pcie', nicGBps],
      ['sw0', 'nic0', 'pcie', nicGBps],
      ...gpus.flatMap((gpu): ShortLink[] => [
        ['nvsw0', gpu, 'nvlink', NVSWITCH_GBPS],
        ['sw0', gpu, 'pcie', nicGBps],
      ]),
    ],
  );
}

/** A NIC that limits gangs, and one that never does. */
const NICS_GBPS = [50, 1_000_000];
const serverTypes = new Map(NICS_GBPS.map((nicGBps) => [nicGBps, serverOf(nicGBps)]));

/** Share of GPUs in use in a rack, per cent. */
const RACK_BUSY = [0, 10, 25, 40, 60, 80, 100];

/**
 * A random case: 4 to 8 blocks, 12 to 24 racks, 100 to 200 servers of 8 GPUs.
 *
 * @param seed - equal seeds give equal cases
 * @param gpusPerPod - 8: every pod fills a server, and servers may be of two models
 */
export function midSizeCase(seed: number, gpusPerPod: number): MidSizeCase {
  const stream = randomStream(seed, 'workload');
  const below = (bound: number): number => stream.below(bound);
  const of = <Value>(values: readonly Value[]): Value => values[below(values.length)]!;
  const chance = (percent: number): boolean => below(100) < percent;

  const blocks = 4 + below(5);
  const racks = Math.max(12, 2 * blocks) + below(25 - Math.max(12, 2 * blocks));
  const perRack = Math.floor((100 + below(101)) / racks);
  const uneven = chance(25);
  const twoModels = gpusPerPod === GPUS && chance(30);
  const nicGBps = of(NICS_GBPS);
  const blockOf = Array.from({ length: racks }, (_, rack) => (rack < blocks ? rack : below(blocks)));
  const servers: object[] = [];
  const busy: number[] = [];
  blockOf.forEach((block, rack) => {
    const percent = of(RACK_BUSY);
    const here = Math.max(1, perRack + (uneven ? below(7) - 3 : 0));
    for (let i = 0; i < here; i++) {
      const model = twoModels && chance(40) ? 'B' : 'A';
      const id = `s${servers.length}`;
      const domains = { block: `b${block}`, rack: `r${rack}` };
      servers.push({ id, type: 'box', domains, gpuModel: model, labels: { id } });
      const inUse = gpusPerPod === GPUS || chance(50) ? GPUS : 1 + below(GPUS);
      busy.push(chance(percent) ? inUse : 0);
    }
  });
  const cluster = buildClusterTopology(
    { tiers: ['block', 'rack'], types: { box: 'box' }, servers },
    () => serverTypes.get(nicGBps)!,
  );
  const perServer = busy.map((used) => Math.floor((GPUS - used) / gpusPerPod));
  /** The most pods in one domain of a tier. */
  const most = (tier: number): number => {
    const sums = new Map<number, number>();
    perServer.forEach((pods, server) => {
      const domain = cluster.servers[server]!.domains[tier]!;
      sums.set(domain, (sums.get(domain) ?? 0) + pods);
    });
    return Math.max(...sums.values());
  };
  const all = perServer.reduce((sum, pods) => sum + pods, 0);
  const [block, rack] = [most(0), most(1)];
  // Half the gangs fit in a block, where some block has room for more than a rack.
  const [from, to] = chance(50) && block > rack ? [rack, block] : [block, all];
  if (to === from) return midSizeCase(seed + 1_000_000, gpusPerPod);
  return { cluster, busy, pods: from + 1 + below(to - from), gpusPerPod, nicGBps };
}

/** A solver for the cluster of a case in which the GPUs in use are placed. */
export function solverOf({ cluster, busy }: MidSizeCase): Solver {
  const solver = compile(cluster);
  cluster.servers.forEach(({ id }, server) => {
    const gpus = busy[server]!;
    if (gpus > 0) solver.place({ gpus, labels: { id } });
  });
  return solver;
}
