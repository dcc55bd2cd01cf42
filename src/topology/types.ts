/** The names of ids, and the types of documents and topologies, which every entry point gives out: its signatures mention them. */
export type { DeviceId, ServerId, TierName } from '../ids.js';
export type { AcceleratorEntry, ClusterDocument, ServerEntry, UplinkEntry } from './cluster-document.js';
export type { ClusterServer, ClusterTier, ClusterTopology } from './cluster-topology.js';
export type { BandwidthBasis, Device, DeviceKind, Link, Medium, ServerDocument } from './server-document.js';
export type { ServerGraph, ServerTopology } from './server-topology.js';
