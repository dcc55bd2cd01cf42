export type { CheckedPlacement, CheckedRequest } from './check-placements.js';
export { checkPlacements } from './check-placements.js';
export { referenceBandwidth } from './reference-bandwidth.js';
export type { ReferenceSelectGpusOptions, ReferenceSelection } from './reference-select-gpus.js';
export { referenceSelectGpus } from './reference-select-gpus.js';
