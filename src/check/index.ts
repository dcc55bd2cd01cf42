export type { CheckedFreeCapacity } from './check-free-capacity.js';
export { checkFreeCapacity } from './check-free-capacity.js';
export type { CheckedPlacement, CheckedRequest } from './check-placements.js';
export { checkPlacements } from './check-placements.js';
export { referenceBandwidth } from './reference-bandwidth.js';
export type { ReferenceSelectGpusOptions, ReferenceSelection } from './reference-select-gpus.js';
export { referenceSelectGpus } from './reference-select-gpus.js';
export { referenceSharedLoad } from './reference-shared-load.js';
