export type { TopologyOrDocument } from '../catalogue/as-topology.js';
export type { DeviceId, ServerId, TierName } from '../ids.js';
export type { FreeCapacity, FreeServer, PlacedPod } from '../placement/request/placement.js';
export type {
  AcceleratorEntry,
  ClusterDocument,
  ServerEntry,
  UplinkEntry,
} from '../topology/cluster-document.js';
export type { ClusterServer, ClusterTier, ClusterTopology } from '../topology/cluster-topology.js';
export type {
  BandwidthBasis,
  Device,
  DeviceKind,
  Link,
  Medium,
  ServerDocument,
} from '../topology/server-document.js';
export type { ServerGraph, ServerTopology } from '../topology/server-topology.js';
export type { ClusterGroup, OccupancyOptions } from './cluster/cluster-occupancy.js';
export type { ClusterSvgOptions } from './cluster/cluster-to-svg.js';
export { clusterToSvg } from './cluster/cluster-to-svg.js';
export type { GpuGroup, PlacedGpus } from './server/gpu-groups.js';
export type { ServerDotOptions } from './server/server-to-dot.js';
export { serverToDot } from './server/server-to-dot.js';
export type { ServerSvgOptions } from './server/server-to-svg.js';
export { serverToSvg } from './server/server-to-svg.js';
