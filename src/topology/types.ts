import type { UndirectedGraph } from 'graphology';
import type { DeviceId, ServerId, TierName } from '../ids.js';
import type { Device, Link, ServerDocument } from './server-document.js';

/** The names of ids, and the types of documents and topologies, which every entry point gives out: its signatures mention them. */
export type { DeviceId, ServerId, TierName } from '../ids.js';
export type { AcceleratorEntry, ClusterDocument, ServerEntry, UplinkEntry } from './cluster-document.js';
export type { BandwidthBasis, Device, DeviceKind, Link, Medium, ServerDocument } from './server-document.js';

/** The graph of a server: vertices carry the {@link Device}, edges the {@link Link}. */
export type ServerGraph = UndirectedGraph<Device, Link>;

/** A server type: the validated document, its graph, and the order of its GPUs and NICs. All but the graph is frozen. */
export interface ServerTopology {
  readonly name: string;
  /**
   * Undirected, keyed by device id; edge keys are `link:` and the link's position in the document. It belongs to the
   * caller: corral never reads it, so that changes to it change no answer.
   */
  readonly graph: ServerGraph;
  /** GPU ordinal → device id, in document order. */
  readonly gpus: readonly DeviceId[];
  /** NIC ids, in document order. */
  readonly nics: readonly DeviceId[];
  readonly document: ServerDocument;
}

/** One server of a cluster. */
export interface ClusterServer {
  readonly id: ServerId;
  readonly type: ServerTopology;
  readonly gpuModel: string;
  /** Position of its domain in {@link ClusterTier.domains}, one per tier, widest first. */
  readonly domains: readonly number[];
  /** CPU for pods, thousandths of a core; absent = not limiting. */
  readonly cpuMilli?: number;
  /** Memory for pods, MiB; absent = not limiting. */
  readonly memoryMiB?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** One level of the fabric. */
export interface ClusterTier {
  readonly name: TierName;
  /** Domain ids in the order in which the servers of the document first name them. */
  readonly domains: readonly string[];
  /** Domain → position of the domain of the next wider tier that contains it; empty for the widest tier. */
  readonly parents: readonly number[];
  /** GB/s per direction out of and into each domain, where all are equal; absent = not limiting. */
  readonly uplinkGBps?: number;
  /** Instead of it where domains differ: domain → GB/s per direction; null = not limiting. */
  readonly domainUplinksGBps?: readonly (number | null)[];
  /** GB/s per GPU and direction inside each domain, where all are accelerator fabrics of equal figures. */
  readonly acceleratorGBpsPerGpu?: number;
  /** Instead of it where domains differ: domain → GB/s per GPU and direction; null = no accelerator fabric. */
  readonly domainAcceleratorsGBpsPerGpu?: readonly (number | null)[];
}

/** A cluster: tiers of fabric, widest first, and servers in document order. */
export interface ClusterTopology {
  readonly tiers: readonly ClusterTier[];
  readonly servers: readonly ClusterServer[];
}
