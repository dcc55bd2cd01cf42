import { packRings } from '../../src/bandwidth/rings/ring.js';
import { type TopologyName, topology } from '../../src/catalogue/index.js';
import { collectiveBandwidth, type ServerTopology } from '../../src/index.js';
import { networkOf } from '../../src/topology/network.js';
import nccl from '../data/nccl.json' with { type: 'json' };
import { gbps } from './markdown.js';
import { withFewerNvlinks, withNcclConstants } from './nccl-constants.js';
import { allGpus, generationOf } from './nccl-rows.js';
import { channelsOnLadder, nvlsBusGBps, totalGBps, treeOfOneChannelBusGBps } from './nccl-search.js';

/** A server of which only the limit of NCCL's best algorithm is known, beside ours. */
export interface NcclLimitRow {
  readonly input: string;
  readonly ringGBps: number;
  readonly optimalGBps: number;
  readonly ncclBestGBps: number;
  readonly why: string;
}

/** Every limit of the data, in its order. */
export function ncclLimitRows(): NcclLimitRow[] {
  return nccl.limits.rows.map(({ server: name, withoutNvlinksOf, busGBps }) => {
    const { document } = topology(name as TopologyName);
    const server = withNcclConstants(
      withoutNvlinksOf === undefined ? document : withFewerNvlinks(document, withoutNvlinksOf, 0),
    );
    const gpus = allGpus(server);
    return {
      input: `\`${name}\`${withoutNvlinksOf === undefined ? '' : ` without the NVLinks of ${withoutNvlinksOf}`}`,
      ringGBps: collectiveBandwidth(server, gpus, { algorithm: 'ring' }),
      optimalGBps: collectiveBandwidth(server, gpus),
      ncclBestGBps: busGBps,
      why: why(server, busGBps),
    };
  });
}

/** The first rule of NCCL's that gives its limit from our rings. */
function why(server: ServerTopology, busGBps: number): string {
  const all = 2 ** server.gpus.length - 1;
  const rings = packRings(networkOf(server), all).rings.map((ring) => ring.bandwidthGBps);
  const generation = generationOf(server.document.gpuModel);
  const step = channelsOnLadder(rings, generation);
  const ours = rings.map(gbps).join(' + ');
  if (step !== undefined && totalGBps(step) === busGBps) {
    return `ladder: ${step.count} × ${step.GBpsPerChannel} = ${gbps(busGBps)} of ${ours}`;
  }
  if (generation === 'SM90' && nvlsBusGBps({ count: 8, GBpsPerChannel: 40 }) === busGBps) {
    return 'NVLS, 8 × 40 as on `dgx-h100`';
  }
  const tree = treeOfOneChannelBusGBps(server.gpus.length);
  if (generation === 'SM100' && Math.floor(tree) === busGBps) {
    return `a ring crosses the link between the two Graces twice, ${ours}. A tree need not: the GPU without NVLink is a leaf on its neighbour by C2C, and one channel of a tree has 70 × ${server.gpus.length - 1}/${server.gpus.length} = ${gbps(tree)} in NCCL's cost model (inferred: the graph is not in the data). The best schedule would fill C2C`;
  }
  throw new Error(`${server.name}: no rule gives ${busGBps} from ${ours}`);
}
