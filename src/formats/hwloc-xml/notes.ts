import type { Link } from '../../topology/server-document.js';
import { listed } from '../server/notes.js';
import { type HwlocDevice, type HwlocDevices, isManagementLibrary } from './devices.js';

/**
 * The notes of the document: what was left out, and what hwloc does not list.
 *
 * @param found - the devices of the file
 * @param gpuIds - ids of the GPUs in the document
 * @param otherBandwidths - names of matrices that were not read
 * @param restingCount - links of GPUs with the speed of an idle GPU
 * @param links - links of the document
 * @returns sentences
 * @complexity O(devices + links)
 */
export function notesOf(
  found: HwlocDevices,
  gpuIds: readonly string[],
  otherBandwidths: readonly string[],
  restingCount: number,
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
  if (restingCount > 0) {
    notes.push(
      `${restingCount} PCIe links of GPUs had the speed of Gen1 or Gen2 when the file was written, as GPUs at rest have: write it under load, or give pcieGeneration.`,
    );
  }
  if (found.otherAccelerators.length > 0) {
    notes.push(
      `Processing accelerators that are no GPUs known here are left out: ${listed(found.otherAccelerators)}.`,
    );
  }
  const parted = found.devices.filter((device) => partitionsOf(device) > 1);
  if (parted.length > 0) {
    notes.push(
      `A GPU library lists several devices of ${parted.length} GPUs, as it does of GPUs in partitions (CPX, DPX, MIG): each counts as one GPU here, while rocm-smi and amd-smi show every partition.`,
    );
  }
  for (const name of otherBandwidths) notes.push(`The matrix ${name} is not read.`);
  return notes;
}

/** The most devices that one GPU library lists for a PCI device. */
function partitionsOf({ kind, osDevices }: HwlocDevice): number {
  if (kind !== 'gpu') return 0;
  const counts = new Map<string | undefined, number>();
  for (const { subtype } of osDevices) {
    if (isManagementLibrary(subtype)) counts.set(subtype, (counts.get(subtype) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
}
