export { acceleratorGBpsPerGpuOf, buildClusterTopology, uplinkGBpsOf } from './cluster-topology.js';
export type { GpuPlace } from './gpu-places.js';
export type { RelationMatrix } from './relation.js';
export { relation, relationMatrix } from './relation.js';
export type { Route, RouteOptions } from './route.js';
export { route } from './route.js';
export { serverDocumentSchema } from './server-document.js';
export { serverTopology } from './server-topology.js';
export type * from './types.js';
