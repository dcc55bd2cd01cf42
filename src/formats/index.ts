export type { OpenbPod } from './openb.js';
export { fromOpenbNodes, fromOpenbPods } from './openb.js';
