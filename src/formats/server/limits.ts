import type { ErrorPath } from '../../errors.js';
import { GPUS_PER_SERVER_MAX } from '../../units.js';
import { limitExceeded } from '../text/format-errors.js';

/** Most devices, as in a server document. */
export const DEVICES_MAX = 1024;
/** Most sockets: they are joined pairwise, and a document holds 8192 links. */
export const SOCKETS_MAX = 64;
/** Most links of one kind between two devices, as in a server document. */
export const LINKS_PER_PAIR_MAX = 1024;

/**
 * Refuses a text that holds more of something than one server has.
 *
 * @param what - its name in the plural: `NICs`
 * @param count - how many there are
 * @param max - the most
 * @throws CorralError `limit-exceeded`
 */
export function refuseTooMany(what: string, count: number, max: number): void {
  if (count > max) throw limitExceeded([], `${count} ${what}, at most ${max}: is this one server?`);
}

/**
 * Refuses more GPUs than a server may have.
 *
 * @param count - GPUs of the text
 * @param path - where that shows
 * @throws CorralError `limit-exceeded`
 */
export function refuseTooManyGpus(count: number, path: ErrorPath): void {
  if (count <= GPUS_PER_SERVER_MAX) return;
  throw limitExceeded(
    path,
    `${count} GPUs, at most ${GPUS_PER_SERVER_MAX} in one server: describe a larger domain as a tier of servers; where a GPU shows as many (CPX), write the text without partitions (SPX)`,
  );
}
