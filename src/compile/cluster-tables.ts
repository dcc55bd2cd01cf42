import type { ClusterTopology } from '../topology/cluster-topology.js';
import type { ServerTopology } from '../topology/server-topology.js';

/**
 * A cluster as numbers. Servers, GPU models and shapes are their positions; names stay at the edge.
 *
 * A shape is what equal servers share: type, GPU model, CPU and memory capacity. A real cluster of 1,213
 * servers has 15 of them.
 */
export interface ClusterTables {
  readonly serverCount: number;
  readonly gpuCount: number;
  /** Names of the GPU models, in order of first use. */
  readonly gpuModels: readonly string[];
  /** Server → its shape. Length: servers. */
  readonly shapeOf: Int32Array;
  /** Server → its first GPU among all GPUs of the cluster, and the end of the last. Length: servers + 1. */
  readonly gpuStart: Int32Array;
  /** Shape → server type. */
  readonly shapeType: readonly ServerTopology[];
  /** Shape → GPU model. Length: shapes. */
  readonly shapeModel: Int32Array;
  /** Shape → GPUs of one server. Length: shapes. */
  readonly shapeGpus: Int32Array;
  /** Shape → CPU of one server, milli-cores; Infinity = not limiting. Length: shapes. */
  readonly shapeCpuMilli: Float64Array;
  /** Shape → memory of one server, MiB; Infinity = not limiting. Length: shapes. */
  readonly shapeMemoryMiB: Float64Array;
}

/**
 * Flattens a cluster once; everything behind it works on integers.
 *
 * @param cluster - a validated cluster
 * @complexity O(servers)
 */
export function compileClusterTables(cluster: ClusterTopology): ClusterTables {
  const serverCount = cluster.servers.length;
  const shapeOf = new Int32Array(serverCount);
  const gpuStart = new Int32Array(serverCount + 1);
  const models = new Map<string, number>();
  const types = new Map<ServerTopology, Map<string, number>>();
  const shapes: { type: ServerTopology; model: number; cpuMilli: number; memoryMiB: number }[] = [];
  for (let s = 0; s < serverCount; s++) {
    const server = cluster.servers[s]!;
    let model = models.get(server.gpuModel);
    if (model === undefined) {
      model = models.size;
      models.set(server.gpuModel, model);
    }
    const cpuMilli = server.cpuMilli ?? Number.POSITIVE_INFINITY;
    const memoryMiB = server.memoryMiB ?? Number.POSITIVE_INFINITY;
    let ofType = types.get(server.type);
    if (ofType === undefined) {
      ofType = new Map();
      types.set(server.type, ofType);
    }
    const key = `${model}/${cpuMilli}/${memoryMiB}`;
    let shape = ofType.get(key);
    if (shape === undefined) {
      shape = shapes.push({ type: server.type, model, cpuMilli, memoryMiB }) - 1;
      ofType.set(key, shape);
    }
    shapeOf[s] = shape;
    gpuStart[s + 1] = gpuStart[s]! + server.type.gpus.length;
  }
  return {
    serverCount,
    gpuCount: gpuStart[serverCount]!,
    gpuModels: [...models.keys()],
    shapeOf,
    gpuStart,
    shapeType: shapes.map((shape) => shape.type),
    shapeModel: Int32Array.from(shapes, (shape) => shape.model),
    shapeGpus: Int32Array.from(shapes, (shape) => shape.type.gpus.length),
    shapeCpuMilli: Float64Array.from(shapes, (shape) => shape.cpuMilli),
    shapeMemoryMiB: Float64Array.from(shapes, (shape) => shape.memoryMiB),
  };
}
