import { lossGpus } from '../../compile/gpu-set-tables.js';
import { GPU_MILLI } from '../../units.js';
import type { FreeIndex } from '../state/free-index.js';
import { leastLoss } from '../state/gpu-set-choices.js';
import type { PodNeed } from '../state/pod-need.js';
import { popcount16 } from '../state/state.js';

/**
 * Places several shares on one server that holds them: first on GPUs that are shared already, the tightest first, then on
 * the wholly free GPUs that leave most value.
 *
 * @returns pod → mask of its one GPU; and the damage, GPU-equivalents
 */
export function sharesOn(
  index: FreeIndex,
  need: PodNeed,
  server: number,
  pods: number,
): { readonly masks: number[]; readonly damageGpus: number } {
  const { tables, state, whole } = index;
  const start = tables.gpuStart[server]!;
  const free = state.freeMask[server]!;
  const { classes } = index.kinds[index.kindOf(server)]!;
  const shared: { readonly gpu: number; readonly free: number }[] = [];
  for (let gpu = 0; gpu < classes.gpuCount; gpu++) {
    const free = state.sharedFreeMilli[start + gpu]!;
    if (free < GPU_MILLI && free >= need.gpuMilli) shared.push({ gpu, free });
  }
  shared.sort((a, b) => a.free - b.free || a.gpu - b.gpu);
  const masks: number[] = [];
  const fill = (gpu: number, freeMilli: number): void => {
    for (let left = freeMilli; left >= need.gpuMilli && masks.length < pods; left -= need.gpuMilli)
      masks.push(1 << gpu);
  };
  for (const { gpu, free: milli } of shared) fill(gpu, milli);
  const perGpu = Math.floor(GPU_MILLI / need.gpuMilli);
  const broken = Math.ceil((pods - masks.length) / perGpu);
  if (broken === 0) return { masks, damageGpus: 0 };
  const set = leastLoss(classes.tables, free, broken);
  for (let rest = set; rest !== 0; rest &= rest - 1) fill(31 - Math.clz32(rest & -rest), GPU_MILLI);
  const inTiers =
    popcount16(free) === classes.gpuCount ? whole.damageOf(tables.fabric.groupOf[server]!, 1) : 0;
  return { masks, damageGpus: lossGpus(classes.tables, free, set) + inTiers };
}
