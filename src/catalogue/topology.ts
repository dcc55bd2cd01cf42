import awsP4d24xlarge from '../../topologies/aws-p4d.24xlarge.json' with { type: 'json' };
import awsP548xlarge from '../../topologies/aws-p5.48xlarge.json' with { type: 'json' };
import awsP5en48xlarge from '../../topologies/aws-p5en.48xlarge.json' with { type: 'json' };
import azureNcadsA100V4 from '../../topologies/azure-ncads-a100-v4.json' with { type: 'json' };
import azureNdv2 from '../../topologies/azure-ndv2.json' with { type: 'json' };
import azureNdv4 from '../../topologies/azure-ndv4.json' with { type: 'json' };
import azureNdv5 from '../../topologies/azure-ndv5.json' with { type: 'json' };
import cert2s2gpuDirect from '../../topologies/cert-2s-2gpu-direct.json' with { type: 'json' };
import cert2s2gpuSwitch from '../../topologies/cert-2s-2gpu-switch.json' with { type: 'json' };
import cert2s4gpuSwitch from '../../topologies/cert-2s-4gpu-switch.json' with { type: 'json' };
import cert2s8gpuSwitch from '../../topologies/cert-2s-8gpu-switch.json' with { type: 'json' };
import dgxA100 from '../../topologies/dgx-a100.json' with { type: 'json' };
import dgxB200 from '../../topologies/dgx-b200.json' with { type: 'json' };
import dgxH100 from '../../topologies/dgx-h100.json' with { type: 'json' };
import dgxH200 from '../../topologies/dgx-h200.json' with { type: 'json' };
import dgx1P100 from '../../topologies/dgx1-p100.json' with { type: 'json' };
import dgx1V100 from '../../topologies/dgx1-v100.json' with { type: 'json' };
import dgx2 from '../../topologies/dgx2.json' with { type: 'json' };
import gaudi3Hls3 from '../../topologies/gaudi3-hls3.json' with { type: 'json' };
import gb200Nvl72Tray from '../../topologies/gb200-nvl72-tray.json' with { type: 'json' };
import gb300Nvl72Tray from '../../topologies/gb300-nvl72-tray.json' with { type: 'json' };
import gcpA3Highgpu8g from '../../topologies/gcp-a3-highgpu-8g.json' with { type: 'json' };
import gcpA3Megagpu8g from '../../topologies/gcp-a3-megagpu-8g.json' with { type: 'json' };
import hgxA1004gpu from '../../topologies/hgx-a100-4gpu.json' with { type: 'json' };
import hgxH1004switch from '../../topologies/hgx-h100-4switch.json' with { type: 'json' };
import l40s8Cascade from '../../topologies/l40s-8-cascade.json' with { type: 'json' };
import l40s8Direct from '../../topologies/l40s-8-direct.json' with { type: 'json' };
import l40s8DualRoot from '../../topologies/l40s-8-dual-root.json' with { type: 'json' };
import l40s8SingleRoot from '../../topologies/l40s-8-single-root.json' with { type: 'json' };
import mi250xFrontier from '../../topologies/mi250x-frontier.json' with { type: 'json' };
import mi300a4 from '../../topologies/mi300a-4.json' with { type: 'json' };
import mi300x8 from '../../topologies/mi300x-8.json' with { type: 'json' };
import rtxpro60008Pairs from '../../topologies/rtxpro6000-8-pairs.json' with { type: 'json' };
import ws2x3090Nvlink from '../../topologies/ws-2x3090-nvlink.json' with { type: 'json' };
import ws4x5090 from '../../topologies/ws-4x5090.json' with { type: 'json' };
import ws4xa4000 from '../../topologies/ws-4xa4000.json' with { type: 'json' };
import { CorralError, type ErrorPath, quote } from '../errors.js';
import { type ServerTopology, serverTopologyAt } from '../topology/server-topology.js';
import { nearestNames } from './nearest-names.js';

/** A server type of the catalogue; each is a file of that name in `topologies/`. */
export type TopologyName =
  | 'cert-2s-2gpu-direct'
  | 'cert-2s-2gpu-switch'
  | 'cert-2s-4gpu-switch'
  | 'cert-2s-8gpu-switch'
  | 'dgx1-p100'
  | 'dgx1-v100'
  | 'dgx2'
  | 'dgx-a100'
  | 'hgx-a100-4gpu'
  | 'dgx-h100'
  | 'dgx-h200'
  | 'hgx-h100-4switch'
  | 'dgx-b200'
  | 'gb200-nvl72-tray'
  | 'gb300-nvl72-tray'
  | 'l40s-8-dual-root'
  | 'l40s-8-single-root'
  | 'l40s-8-cascade'
  | 'l40s-8-direct'
  | 'rtxpro6000-8-pairs'
  | 'aws-p4d.24xlarge'
  | 'aws-p5.48xlarge'
  | 'aws-p5en.48xlarge'
  | 'azure-ndv4'
  | 'azure-ndv5'
  | 'azure-ndv2'
  | 'azure-ncads-a100-v4'
  | 'gcp-a3-highgpu-8g'
  | 'gcp-a3-megagpu-8g'
  | 'mi300x-8'
  | 'mi250x-frontier'
  | 'mi300a-4'
  | 'gaudi3-hls3'
  | 'ws-2x3090-nvlink'
  | 'ws-4xa4000'
  | 'ws-4x5090';

// `unknown` on purpose: a file is data until the validator has accepted it. A missing one is a type error.
const documents: Readonly<Record<TopologyName, unknown>> = {
  'cert-2s-2gpu-direct': cert2s2gpuDirect,
  'cert-2s-2gpu-switch': cert2s2gpuSwitch,
  'cert-2s-4gpu-switch': cert2s4gpuSwitch,
  'cert-2s-8gpu-switch': cert2s8gpuSwitch,
  'dgx1-p100': dgx1P100,
  'dgx1-v100': dgx1V100,
  dgx2: dgx2,
  'dgx-a100': dgxA100,
  'hgx-a100-4gpu': hgxA1004gpu,
  'dgx-h100': dgxH100,
  'dgx-h200': dgxH200,
  'hgx-h100-4switch': hgxH1004switch,
  'dgx-b200': dgxB200,
  'gb200-nvl72-tray': gb200Nvl72Tray,
  'gb300-nvl72-tray': gb300Nvl72Tray,
  'l40s-8-dual-root': l40s8DualRoot,
  'l40s-8-single-root': l40s8SingleRoot,
  'l40s-8-cascade': l40s8Cascade,
  'l40s-8-direct': l40s8Direct,
  'rtxpro6000-8-pairs': rtxpro60008Pairs,
  'aws-p4d.24xlarge': awsP4d24xlarge,
  'aws-p5.48xlarge': awsP548xlarge,
  'aws-p5en.48xlarge': awsP5en48xlarge,
  'azure-ndv4': azureNdv4,
  'azure-ndv5': azureNdv5,
  'azure-ndv2': azureNdv2,
  'azure-ncads-a100-v4': azureNcadsA100V4,
  'gcp-a3-highgpu-8g': gcpA3Highgpu8g,
  'gcp-a3-megagpu-8g': gcpA3Megagpu8g,
  'mi300x-8': mi300x8,
  'mi250x-frontier': mi250xFrontier,
  'mi300a-4': mi300a4,
  'gaudi3-hls3': gaudi3Hls3,
  'ws-2x3090-nvlink': ws2x3090Nvlink,
  'ws-4xa4000': ws4xa4000,
  'ws-4x5090': ws4x5090,
};

/** All server types of the catalogue: certified servers, DGX and HGX, PCIe servers, clouds, AMD, Intel, workstations. */
export const topologyNames: readonly TopologyName[] = Object.keys(documents) as TopologyName[];

const built = new Map<string, ServerTopology>();

/**
 * Looks up a server type of the catalogue; the figures in it are GB/s per direction, each with its source.
 *
 * Built on first use and kept: two calls return the same object, which is the caller's to read, not to change.
 *
 * @param name - one of {@link topologyNames}
 * @returns the server type as {@link ServerTopology}
 * @throws CorralError `unknown-topology`, with the nearest names
 * @complexity O(devices + links) the first time, O(1) after
 * @example
 * ```ts
 * topology('dgx-h100').gpus.length; // 8
 * ```
 */
export function topology(name: TopologyName): ServerTopology {
  return topologyAt(name, []);
}

/** As {@link topology}, for a name that sits at `path` inside a larger document. */
export function topologyAt(name: string, path: ErrorPath): ServerTopology {
  const known = built.get(name);
  if (known !== undefined) return known;
  if (!Object.hasOwn(documents, name)) {
    const near = nearestNames(String(name), topologyNames);
    throw new CorralError(
      'unknown-topology',
      path,
      near.length > 0
        ? `no topology ${quote(name)}: did you mean ${near.join(', ')}?`
        : `no topology ${quote(name)}: the catalogue has ${topologyNames.join(', ')}`,
    );
  }
  const server = serverTopologyAt(documents[name as TopologyName], [name]);
  built.set(name, server);
  return server;
}
