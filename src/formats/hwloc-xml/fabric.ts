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
  /** Number of links by model or caller, where the file does not tell. */
  readonly links?: { readonly count: number; readonly source: string };
  /** The line rate is not reliable: the directions differ, or it was corrected. */
  readonly isDoubtful?: true;
}

/** The matrices that are read, with their medium. */
export const FABRIC_MATRICES: ReadonlyMap<string, FabricLink['medium']> = new Map([
  ['NVLinkBandwidth', 'nvlink'],
  ['XGMIBandwidth', 'xgmi'],
]);

/**
 * The links in the bandwidth matrices.
 *
 * A value joins the devices of its two objects (an OS device stands for its PCI device). The diagonal is ignored, and so are
 * objects that are no GPU, NVSwitch or package. If both directions have a value, the smaller counts.
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
