/**
 * What sockets are of the value of free GPUs. CPU, memory and NICs are local to a socket and a pod may require one, so
 * free GPUs are worth more where they are on one, and a set is worse for every socket more than it needs. Behind an
 * NVSwitch nothing else tells sockets apart. A thousandth is less than a pod of any usual size makes on a server, so
 * sockets decide only where the sizes to come find the same.
 */
export const SOCKET_SHARE = 1e-3;

/**
 * What GPUs are worth while they are free: over the sizes of pods to come, the weighted mean of P(size) / P(size)
 * of the empty server, where P is the largest total worth of disjoint sets of that size among them. Size 1 counts
 * GPUs. {@link SOCKET_SHARE} of it all is Σ f² / Σ n², f free ones of the n GPUs of each socket, as for whole servers in a
 * domain.
 *
 * Counting disjoint sets, not the best one, is what keeps pairs whole: a second free pair is worth something.
 *
 * @param worth - mask → what the set is worth to a pod, see {@link worths}; length 2^n
 * @param sizeOf - mask → number of GPUs; length 2^n
 * @param weights - size → weight, 0 or more; length n + 1
 * @param sockets - socket → mask of its GPUs; empty where there is one, or none is known
 * @returns mask → value, 0 … 1; length 2^n
 * @complexity O(2^n × sets of the size) at most, for each size of positive weight
 */
export function leftoverValues(
  worth: Float64Array,
  sizeOf: Uint8Array,
  weights: Float64Array,
  sockets: readonly number[],
): Float64Array {
  const masks = worth.length;
  const total = new Float64Array(masks);
  let weightSum = 0;
  for (let size = 1; size < weights.length; size++) {
    const weight = weights[size]!;
    if (weight === 0) continue;
    weightSum += weight;
    const packed = size === 1 ? Float64Array.from(sizeOf) : packings(worth, sizeOf, size);
    const whole = packed[masks - 1]!;
    if (whole === 0) continue;
    for (let mask = 0; mask < masks; mask++) total[mask]! += (weight * packed[mask]!) / whole;
  }
  if (weightSum === 0) return total;
  if (sockets.length > 0) {
    const weight = (weightSum * SOCKET_SHARE) / (1 - SOCKET_SHARE);
    weightSum += weight;
    const whole = squares(sockets, sizeOf, masks - 1);
    for (let mask = 0; mask < masks; mask++) {
      total[mask]! += (weight * squares(sockets, sizeOf, mask)) / whole;
    }
  }
  // Summed in the order of the terms above, so that the empty server is worth 1 to the last bit.
  return total.map((sum) => sum / weightSum);
}

/** The sum over sockets of the square of how many of a mask's GPUs are on it. */
function squares(sockets: readonly number[], sizeOf: Uint8Array, mask: number): number {
  let sum = 0;
  for (let i = 0; i < sockets.length; i++) sum += sizeOf[sockets[i]! & mask]! ** 2;
  return sum;
}

/**
 * Mask → what the set is worth to a pod: its bandwidth / (1 + h), h the links of others that a byte of it
 * crosses on average. A pair across the sockets may be as fast alone as one on a switch, and is worth less.
 */
export function worths(
  bandwidthGBps: Float64Array,
  sharedLoadGBps: Float64Array,
  sizeOf: Uint8Array,
): Float64Array {
  return bandwidthGBps.map((bandwidth, mask) =>
    bandwidth === 0 ? 0 : bandwidth / (1 + sharedLoadGBps[mask]! / (sizeOf[mask]! * bandwidth)),
  );
}

/** Mask → the largest total worth of disjoint sets of `size` (2 or more) GPUs in it. */
function packings(worth: Float64Array, sizeOf: Uint8Array, size: number): Float64Array {
  const sets = setsByLowest(sizeOf, size);
  const packed = new Float64Array(worth.length);
  for (let mask = 1; mask < packed.length; mask++) {
    const free = sizeOf[mask]!;
    if (free < size) continue;
    const low = mask & -mask;
    let most = 0;
    if (free === size) most = worth[mask]!;
    else if (free < 2 * size) {
      // Only one set fits: the best one lacks some GPU of the mask.
      for (let rest = mask; rest !== 0; rest &= rest - 1)
        most = Math.max(most, packed[mask ^ (rest & -rest)]!);
    } else {
      // The lowest GPU is in no set, or in one with others.
      most = packed[mask ^ low]!;
      const beginning = sets[31 - Math.clz32(low)]!;
      for (let i = 0; i < beginning.length; i++) {
        const set = beginning[i]!;
        if ((set & mask) === set) most = Math.max(most, worth[set]! + packed[mask ^ set]!);
      }
    }
    packed[mask] = most;
  }
  return packed;
}

/** GPU → the sets of `size` of which it is the lowest. */
function setsByLowest(sizeOf: Uint8Array, size: number): Int32Array[] {
  const gpuCount = sizeOf[sizeOf.length - 1]!;
  const sets = Array.from({ length: gpuCount }, (): number[] => []);
  for (let mask = 1; mask < sizeOf.length; mask++) {
    if (sizeOf[mask] === size) sets[31 - Math.clz32(mask & -mask)]!.push(mask);
  }
  return sets.map((masks) => Int32Array.from(masks));
}
