export type { TopologyOrDocument } from '../catalogue/as-topology.js';
export type { DeviceId, ServerId, TierName } from '../ids.js';
export type { FreeCapacity, FreeServer, PlacedPod } from '../placement/placement.js';
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
export type { ClusterGang, OccupancyOptions } from './cluster-occupancy.js';
export type { ClusterSvgOptions } from './cluster-to-svg.js';
export { clusterToSvg } from './cluster-to-svg.js';
export type { DotOptions } from './dot.js';
export { toDot } from './dot.js';
export type { GpuGroup, PlacedGpus } from './gpu-groups.js';
export type { ServerSvgOptions } from './server-to-svg.js';
export { serverToSvg } from './server-to-svg.js';
