export type * from '../topology/types.js';
export type { ClusterDocumentConstraints } from './cluster-document.js';
export { clusterDocument } from './cluster-document.js';
export type { Operation, OperationsConstraints } from './operations.js';
export { operations } from './operations.js';
export type { GeneratedRequest, PlacementRequestConstraints } from './placement-request.js';
export { placementRequest } from './placement-request.js';
export type { ServerDocumentConstraints } from './server-document.js';
export { serverDocument } from './server-document.js';
