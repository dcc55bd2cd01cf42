import type { TierName } from '../ids.js';
import type { ClusterServer, ClusterTopology, ServerTopology } from '../topology/types.js';
import { type FabricTables, fabricTables, treeOrder } from './fabric-tables.js';

/**
 * A cluster in integers. Servers, GPU models, kinds and shapes are positions in lists; names are kept at the edge only.
 *
 * Servers are counted in *tree order*: domain by domain in the order in which the document first names them, and as
 * listed inside the narrowest. Without tiers, and wherever a document lists rack after rack, that is its own order.
 *
 * Servers of one *kind* have the same server type and GPU model, so their GPUs communicate alike. Servers of one *shape* also
 * have the same CPU and memory capacity and labels. A real cluster of 1,213 servers has 15 shapes.
 */
export interface ClusterTables {
  readonly serverCount: number;
  readonly gpuCount: number;
  /** Names of the GPU models, in order of first use. */
  readonly gpuModels: readonly string[];
  /** Server → its position in the document. Length: servers. */
  readonly documentIndexOf: Int32Array;
  /** Server → its shape. Length: servers. */
  readonly shapeOf: Int32Array;
  /** Server → its first GPU among all GPUs of the cluster, and the end of the last. Length: servers + 1. */
  readonly gpuStart: Int32Array;
  /** Shape → server type. */
  readonly shapeType: readonly ServerTopology[];
  /** Shape → kind. Length: shapes. */
  readonly shapeKind: Int32Array;
  /** Shape → GPU model. Length: shapes. */
  readonly shapeModel: Int32Array;
  /** Shape → GPUs of one server. Length: shapes. */
  readonly shapeGpus: Int32Array;
  /** Shape → CPU of one server, milli-cores; Infinity = not limiting. Length: shapes. */
  readonly shapeCpuMilli: Float64Array;
  /** Shape → memory of one server, MiB; Infinity = not limiting. Length: shapes. */
  readonly shapeMemoryMiB: Float64Array;
  /** Shape → labels of its servers. */
  readonly shapeLabels: readonly Readonly<Record<string, string>>[];
  /** Kind → server type. */
  readonly kindType: readonly ServerTopology[];
  /** Kind → GPU model. Length: kinds. */
  readonly kindModel: Int32Array;
  /** Tiers and their domains. */
  readonly fabric: FabricTables;
}

/** The name of the level above all tiers: the whole cluster. */
export const CLUSTER_LEVEL: TierName = 'cluster';
/** The name of the level below all tiers: one server. */
export const SERVER_LEVEL: TierName = 'server';

/**
 * Compiles a cluster into tables of integers.
 *
 * @param cluster - a validated cluster
 * @complexity O(servers × tiers)
 */
export function compileClusterTables(cluster: ClusterTopology): ClusterTables {
  const serverCount = cluster.servers.length;
  const documentIndexOf = treeOrder(cluster);
  const shapeOf = new Int32Array(serverCount);
  const kindOf = new Int32Array(serverCount);
  const gpuStart = new Int32Array(serverCount + 1);
  const shapes = new Shapes();
  for (let s = 0; s < serverCount; s++) {
    const server = cluster.servers[documentIndexOf[s]!]!;
    const shape = shapes.of(server);
    shapeOf[s] = shape;
    kindOf[s] = shapes.list[shape]!.kind;
    gpuStart[s + 1] = gpuStart[s]! + server.type.gpus.length;
  }
  const { list, kinds, models } = shapes;
  return {
    serverCount,
    gpuCount: gpuStart[serverCount]!,
    gpuModels: [...models.keys()],
    documentIndexOf,
    shapeOf,
    gpuStart,
    shapeType: list.map((shape) => shape.type),
    shapeKind: Int32Array.from(list, (shape) => shape.kind),
    shapeModel: Int32Array.from(list, (shape) => shape.model),
    shapeGpus: Int32Array.from(list, (shape) => shape.type.gpus.length),
    shapeCpuMilli: Float64Array.from(list, (shape) => shape.cpuMilli),
    shapeMemoryMiB: Float64Array.from(list, (shape) => shape.memoryMiB),
    shapeLabels: list.map((shape) => shape.labels),
    kindType: kinds.map((kind) => kind.type),
    kindModel: Int32Array.from(kinds, (kind) => kind.model),
    fabric: fabricTables(cluster, documentIndexOf, kindOf, kinds.length),
  };
}

interface Shape {
  readonly type: ServerTopology;
  readonly kind: number;
  readonly model: number;
  readonly cpuMilli: number;
  readonly memoryMiB: number;
  readonly labels: Readonly<Record<string, string>>;
}

const NO_LABELS: Readonly<Record<string, string>> = {};

/** Collects models, kinds and shapes in order of first use. */
class Shapes {
  readonly list: Shape[] = [];
  readonly kinds: { readonly type: ServerTopology; readonly model: number }[] = [];
  readonly models: Map<string, number> = new Map();
  /** Key of a machine, see {@link machineKey} → GPU model → kind. */
  readonly #kindOf = new Map<string, Map<number, number>>();
  /** Type → the key of its machine, made once. */
  readonly #machineOf = new Map<ServerTopology, string>();
  /** Key of a shape → its position. */
  readonly #positions = new Map<string, number>();
  /** Label object → its text. Equal servers often share one object. */
  readonly #labelKeys = new WeakMap<object, string>();

  of(server: ClusterServer): number {
    const { type, gpuModel, labels = NO_LABELS } = server;
    const model = positionOf(this.models, gpuModel);
    let machine = this.#machineOf.get(type);
    if (machine === undefined) {
      machine = machineKey(type);
      this.#machineOf.set(type, machine);
    }
    let ofMachine = this.#kindOf.get(machine);
    if (ofMachine === undefined) {
      ofMachine = new Map();
      this.#kindOf.set(machine, ofMachine);
    }
    let kind = ofMachine.get(model);
    if (kind === undefined) {
      kind = this.kinds.push({ type, model }) - 1;
      ofMachine.set(model, kind);
    }
    const cpuMilli = server.cpuMilli ?? Number.POSITIVE_INFINITY;
    const memoryMiB = server.memoryMiB ?? Number.POSITIVE_INFINITY;
    const key = `${kind}/${cpuMilli}/${memoryMiB}/${labels === NO_LABELS ? '' : this.#labelKey(labels)}`;
    let shape = this.#positions.get(key);
    if (shape === undefined) {
      shape = this.list.push({ type, kind, model, cpuMilli, memoryMiB, labels }) - 1;
      this.#positions.set(key, shape);
    }
    return shape;
  }

  #labelKey(labels: Readonly<Record<string, string>>): string {
    let key = this.#labelKeys.get(labels);
    if (key === undefined) {
      // The order of labels does not matter.
      key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
      this.#labelKeys.set(labels, key);
    }
    return key;
  }
}

/** The fields of a server document that make a machine; names, titles and sources of figures do not. */
const MACHINE_FIELDS = [
  'devices',
  'id',
  'kind',
  'numa',
  'socket',
  'hostBridge',
  'levels',
  'role',
  'portGBps',
  'links',
  'between',
  'medium',
  'bandwidthGBps',
  'flowCapGBps',
  'peerToPeer',
];

/** A text that is equal for two server types that describe the same machine under two names. */
function machineKey({ document }: ServerTopology): string {
  const { devices, links, peerToPeer = true } = document;
  return JSON.stringify({ devices, links, peerToPeer }, MACHINE_FIELDS);
}

function positionOf(positions: Map<string, number>, name: string): number {
  let position = positions.get(name);
  if (position === undefined) {
    position = positions.size;
    positions.set(name, position);
  }
  return position;
}
