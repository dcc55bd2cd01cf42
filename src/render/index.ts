export type { ClusterGang } from './cluster-occupancy.js';
export type { ClusterSvgOptions } from './cluster-to-svg.js';
export { clusterToSvg } from './cluster-to-svg.js';
export type { DotOptions } from './dot.js';
export { toDot } from './dot.js';
export type { GpuGroup } from './gpu-groups.js';
export type { ServerSvgOptions } from './server-to-svg.js';
export { serverToSvg } from './server-to-svg.js';
