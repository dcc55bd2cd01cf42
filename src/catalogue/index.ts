export type * from '../topology/types.js';
export type { FabricServerOptions, ServerOption, ServerPortOptions } from './builder-options.js';
export { type DragonflyOptions, dragonfly } from './dragonfly.js';
export { type FatTreeOptions, fatTree } from './fat-tree.js';
export { type Nvl72Options, nvl72 } from './nvl72.js';
export { type RailOptimizedOptions, railOptimized } from './rail-optimized.js';
export { type SuperPodOptions, superPod } from './super-pod.js';
export { type SyntheticOptions, synthetic } from './synthetic.js';
export { type TopologyName, topology, topologyNames } from './topology.js';
