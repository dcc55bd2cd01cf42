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
export type { CheckedFreeCapacity } from './check-free-capacity.js';
export { checkFreeCapacity } from './check-free-capacity.js';
export type { CheckedPlacement } from './check-placements.js';
export { checkPlacements } from './check-placements.js';
export type { CheckedRequest } from './checked-request.js';
export type { CheckedPod } from './gang-faults.js';
export type { ReferenceState } from './gang-state.js';
export type { ClaimedPlacement, JudgedPlacement } from './judge-placement.js';
export { judgePlacement } from './judge-placement.js';
export type { ReferencePlacement, ReferencePlaceOptions } from './reference-place.js';
export { referencePlace } from './reference-place.js';
export type { ReferenceSelectGpusOptions, ReferenceSelection } from './reference-select-gpus.js';
export { referenceSelectGpus } from './reference-select-gpus.js';
