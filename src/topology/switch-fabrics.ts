import type { DeviceId } from '../ids.js';
import { remembered } from '../remembered.js';
import type { Medium, ServerDocument } from './server-document.js';

/** True if links of a medium are part of the accelerator fabric. */
export function isFabric(medium: Medium): boolean {
  return medium === 'nvlink' || medium === 'xgmi' || medium === 'scale-up-ethernet';
}

/**
 * The NVSwitches of a server by fabric. Two are of one fabric if links of one accelerator medium join them to a
 * common GPU or to each other, directly or through further switches. A GPU spreads its traffic over all switches of
 * its fabric, so that they act as one switch.
 *
 * NCCL goes further and makes all NVSwitches of a machine one vertex (2.30.7 src/graph/topo.cc).
 *
 * @param document - a server document
 * @returns NVSwitch id → id of the first switch of its fabric in document order
 * @complexity O(devices + links)
 */
export function switchFabrics(document: ServerDocument): ReadonlyMap<DeviceId, DeviceId> {
  const kinds = new Map(document.devices.map(({ id, kind }) => [id, kind]));
  /** Switch → lists of switches that are of its fabric: both ends of a link, and all switches of a GPU's medium. */
  const listsOf = new Map<DeviceId, (readonly DeviceId[])[]>();
  const byMedium = new Map<Medium, Map<DeviceId, DeviceId[]>>();
  const list = (id: DeviceId, together: readonly DeviceId[]): void => {
    remembered(listsOf, id, () => []).push(together);
  };
  for (const { between, medium } of document.links) {
    if (!isFabric(medium)) continue;
    const switches = between.filter((id) => kinds.get(id) === 'nvswitch');
    const gpu = between.find((id) => kinds.get(id) === 'gpu');
    if (switches.length === 2) for (const id of switches) list(id, switches);
    if (switches.length !== 1 || gpu === undefined) continue;
    const switchesOf = remembered(byMedium, medium, () => new Map<DeviceId, DeviceId[]>());
    const ofGpu = remembered(switchesOf, gpu, () => []);
    ofGpu.push(switches[0]!);
    list(switches[0]!, ofGpu);
  }
  const firstOf = new Map<DeviceId, DeviceId>();
  for (const { id: first, kind } of document.devices) {
    if (kind !== 'nvswitch' || firstOf.has(first)) continue;
    const members = new Set([first]);
    for (const at of members)
      for (const together of listsOf.get(at) ?? []) for (const id of together) members.add(id);
    for (const id of members) firstOf.set(id, first);
  }
  return firstOf;
}
