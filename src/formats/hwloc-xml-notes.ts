import type { Device, Link } from '../topology/server-document.js';
import { componentsOf } from './components.js';
import type { HwlocDevices } from './hwloc-xml-devices.js';
import { isOfFirstGenerations } from './hwloc-xml-rates.js';

/**
 * What a reader of the document should know: what was left out, and what hwloc does not list.
 *
 * @param found - the devices of the file
 * @param gpuIds - ids of the GPUs in the document
 * @param otherBandwidths - names of matrices that were not read
 * @param switches - switches of the document
 * @param links - links of the document
 * @returns sentences
 * @complexity O(devices + links)
 */
export function notesOf(
  found: HwlocDevices,
  gpuIds: readonly string[],
  otherBandwidths: readonly string[],
  switches: readonly Device[],
  links: readonly Link[],
): string[] {
  const notes: string[] = [];
  const nics = found.devices.filter(({ kind }) => kind === 'nic');
  if (found.virtualFunctionCount > 0) {
    notes.push(`${found.virtualFunctionCount} virtual functions of NICs are left out.`);
  }
  if (found.displayCount > 0) {
    notes.push(`${found.displayCount} displays are left out: no GPU library lists them.`);
  }
  if (new Set(nics.map(({ rdma }) => rdma !== undefined)).size > 1) {
    notes.push('NICs without an RDMA device have the role frontend, as others have one.');
  }
  if (gpuIds.length > 1 && !links.some(({ medium }) => medium === 'nvlink' || medium === 'xgmi')) {
    notes.push('The file lists no NVLink or xGMI between GPUs: add links that the machine has.');
  }
  const gpus = new Set(gpuIds);
  const slow = links.filter(
    ({ medium, between, rawGBps, verified }) =>
      medium === 'pcie' && verified && between.some((id) => gpus.has(id)) && isOfFirstGenerations(rawGBps!),
  );
  if (slow.length > 0) {
    notes.push(
      `${slow.length} PCIe links of GPUs had the speed of Gen1 or Gen2 when the file was written, as GPUs at rest have: write it under load, or give pcieGeneration.`,
    );
  }
  for (const name of otherBandwidths) notes.push(`The matrix ${name} is not read.`);
  const groups = nvswitchGroupCount(switches, links);
  if (groups > 1) {
    notes.push(
      `The NVSwitches fall into ${groups} groups, as hwloc lists no links between NVSwitches: add those that the machine has.`,
    );
  }
  return notes;
}

/** The number of groups of NVSwitches that NVLink does not connect, also over GPUs. */
function nvswitchGroupCount(switches: readonly Device[], links: readonly Link[]): number {
  const nvswitches = switches.flatMap(({ id, kind }) => (kind === 'nvswitch' ? [id] : []));
  const pairs = links.flatMap(({ medium, between }) => (medium === 'nvlink' ? [between] : []));
  const components = componentsOf([...new Set([...nvswitches, ...pairs.flat()])], pairs);
  return components.filter((ids) => ids.some((id) => nvswitches.includes(id))).length;
}
