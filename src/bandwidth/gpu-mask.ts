import { readList } from '../checks/plain-data.js';
import { CorralError, type ErrorPath, quote } from '../errors.js';
import type { ServerTopology } from '../topology/types.js';
import { GPUS_PER_SERVER_MAX } from '../units.js';

/**
 * A list of GPU ordinals as a bit mask.
 *
 * @param server - the server whose GPUs are meant
 * @param gpus - ordinals in any order
 * @param path - name of the caller's argument, for the error
 * @returns bit i set for ordinal i
 * @throws CorralError `invalid-option` for anything but a list, an ordinal that is out of range, no integer, or listed twice
 */
export function gpuMask(server: ServerTopology, gpus: readonly number[], path: ErrorPath): number {
  let mask = 0;
  readList(gpus, path, 'invalid-option', GPUS_PER_SERVER_MAX).forEach((gpu, i) => {
    if (!Number.isInteger(gpu) || gpu < 0 || gpu >= server.gpus.length) {
      const has = server.gpus.length === 0 ? 'no GPUs' : `ordinals 0 to ${server.gpus.length - 1}`;
      throw new CorralError(
        'invalid-option',
        [...path, i],
        `no GPU ${quote(gpu)}: server ${quote(server.name)} has ${has}`,
      );
    }
    if (((mask >>> gpu) & 1) === 1) {
      throw new CorralError('invalid-option', [...path, i], `GPU ${gpu} is listed twice: list each once`);
    }
    mask |= 1 << gpu;
  });
  return mask;
}
