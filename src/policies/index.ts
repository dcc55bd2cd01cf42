export type {
  DifferenceScorer,
  NoOptions,
  PodFacts,
  Policy,
  PolicyContext,
  ServerFacts,
  ServerScorer,
  TopologyOrder,
  TypicalPod,
  Workload,
} from '../placement/request/policy.js';
export { bestFit } from './best-fit.js';
export { binPack } from './bin-pack.js';
export { dotProduct } from './dot-product.js';
export type { FgdOptions } from './fgd.js';
export { fgd } from './fgd.js';
export type { FragmentationClasses } from './fragmentation.js';
export { FragmentationMeasure } from './fragmentation.js';
export { gpuClustering } from './gpu-clustering.js';
export { gpuPacking } from './gpu-packing.js';
export type { RandomOptions } from './random.js';
export { random } from './random.js';
export { spread } from './spread.js';
export type { TopologyAwareOptions } from './topology-aware.js';
export { topologyAware } from './topology-aware.js';
export type { SamplePod, TypicalPodsOptions } from './typical-pods.js';
export { typicalPods } from './typical-pods.js';
