export { fromNvidiaSmiTopo } from './nvidia-smi-topo.js';
export type { NvidiaSmiTopoOptions } from './nvidia-smi-topo-options.js';
export { toNvidiaSmiTopo } from './nvidia-smi-topo-print.js';
export type { OpenbPod } from './openb.js';
export { fromOpenbNodes, fromOpenbPods } from './openb.js';
