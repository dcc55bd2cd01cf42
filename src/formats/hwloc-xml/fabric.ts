import type { HwlocDevice } from './devices.js';
import type { HwlocMatrix, HwlocObject } from './objects.js';

/** One end of a link of the accelerator fabric: a device, or the package of a processor. */
export type FabricEnd = HwlocDevice | HwlocObject;

/** A link of the accelerator fabric, or of it to a processor. */
export interface FabricLink {
  readonly medium: 'nvlink' | 'xgmi';
  readonly ends: readonly [FabricEnd, FabricEnd];
  /** Line rate per direction, GB/s. */
  readonly rawGBps: number;
  /** Links of the pair, where the file does not tell: those of the model, or the caller's. */
  readonly links?: { readonly count: number; readonly source: string };
  /** Whether the line rate is not to be trusted: directions differ, or it was put right. */
  readonly isDoubtful?: true;
}

/** Matrices that are read, and the medium of each. */
export const FABRIC_MATRICES: ReadonlyMap<string, FabricLink['medium']> = new Map([
  ['NVLinkBandwidth', 'nvlink'],
  ['XGMIBandwidth', 'xgmi'],
]);

/**
 * The links that the bandwidth matrices hold.
 *
 * A value joins the devices that its objects belong to (an OS device stands for its PCI device); the diagonal
 * says nothing. If both directions have a value, the smaller counts. Objects that are no GPU, NVSwitch or package
 * are passed over.
 *
 * @param matrices - matrices of {@link FABRIC_MATRICES}
 * @param devices - GPUs, NICs, NVSwitches
 * @returns links in the order of the matrix; a pair comes twice where two libraries list one GPU
 * @complexity O(values)
 */
export function fabricLinksOf(
  matrices: readonly HwlocMatrix[],
  devices: readonly HwlocDevice[],
): readonly FabricLink[] {
  const deviceOf = new Map(devices.map((device) => [device.object, device]));
  const links: FabricLink[] = [];
  for (const { name, objects, values } of matrices) {
    const medium = FABRIC_MATRICES.get(name)!;
    const ends = objects.map((object) => endOf(object, deviceOf));
    for (const [i, a] of ends.entries()) {
      for (const [j, b] of ends.entries()) {
        if (i >= j || a === undefined || b === undefined || a === b) continue;
        const [there, back] = [values[i]![j]!, values[j]![i]!];
        const mbps = bothWays(there, back);
        if (mbps === 0) continue;
        const link = { medium, ends: [a, b] as const, rawGBps: mbps / 1000 };
        links.push(there === back ? link : { ...link, isDoubtful: true });
      }
    }
  }
  return links;
}

function bothWays(there: number, back: number): number {
  return there === 0 || back === 0 ? Math.max(there, back) : Math.min(there, back);
}

function endOf(object: HwlocObject, deviceOf: ReadonlyMap<HwlocObject, HwlocDevice>): FabricEnd | undefined {
  if (object.type === 'Package') return object;
  for (let at: HwlocObject | undefined = object; at !== undefined; at = at.parent) {
    const device = deviceOf.get(at);
    if (device !== undefined) return device.kind === 'nic' ? undefined : device;
    if (at.type !== 'OSDev') return undefined;
  }
  return undefined;
}
