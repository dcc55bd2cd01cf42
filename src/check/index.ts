export type { DeviceId, ServerId, TierName } from '../ids.js';
export type { ClusterServer, ClusterTier, ClusterTopology } from '../topology/cluster-topology.js';
export type {
  BandwidthBasis,
  Device,
  DeviceKind,
  Link,
  Medium,
  ServerDocument,
} from '../topology/server-document.js';
export type { ServerGraph, ServerTopology } from '../topology/server-topology.js';
export { referenceBandwidth } from './bandwidth/reference-bandwidth.js';
export type { ReferenceRoute } from './bandwidth/reference-route.js';
export { referenceRoute } from './bandwidth/reference-route.js';
export { referenceSharedLoad } from './bandwidth/reference-shared-load.js';
export { checkFreeCapacity } from './check-free-capacity.js';
export { checkPlacements } from './check-placements.js';
export type { ReferenceState } from './gangs/gang-state.js';
export type { JudgedPlacement } from './judge-placement.js';
export { judgePlacement } from './judge-placement.js';
export type { CheckedRequest } from './read/checked-request.js';
export type { CheckedFreeCapacity, CheckedPlacement, CheckedPod, ClaimedPlacement } from './read/claims.js';
export type { ReferencePlacement, ReferencePlaceOptions } from './reference-place.js';
export { referencePlace } from './reference-place.js';
export type { ReferenceSelectGpusOptions, ReferenceSelection } from './sets/reference-select-gpus.js';
export { referenceSelectGpus } from './sets/reference-select-gpus.js';
