export type { ClusterDocument, ServerEntry } from './cluster-document.js';
export type { ClusterServer, ClusterTier, ClusterTopology } from './cluster-topology.js';
export { buildClusterTopology } from './cluster-topology.js';
export type { BandwidthBasis, Device, DeviceKind, Link, Medium, ServerDocument } from './server-document.js';
export { serverDocumentSchema } from './server-document.js';
export type { ServerGraph, ServerTopology } from './server-topology.js';
export { serverTopology } from './server-topology.js';
