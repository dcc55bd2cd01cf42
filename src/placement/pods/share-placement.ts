import { lossGpus } from '../../compile/gpu-set-tables.js';
import { GPU_MILLI } from '../../units.js';
import type { FreeIndex } from '../state/free-index.js';
import { leastLoss } from '../state/gpu-set-choices.js';
import type { PodNeed } from '../state/pod-need.js';
import { popcount16 } from '../state/state.js';

/**
 * Where several shares go on one server that has room for them: GPUs that are shared already first, the tightest of
 * them, then the wholly free GPUs without which most value is left.
 *
 * @returns pod → mask of its one GPU; and the damage in GPU-equivalents
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
  const shared: { readonly gpu: number; readonly room: number }[] = [];
  for (let gpu = 0; gpu < classes.gpuCount; gpu++) {
    const room = state.sharedFreeMilli[start + gpu]!;
    if (room < GPU_MILLI && room >= need.gpuMilli) shared.push({ gpu, room });
  }
  shared.sort((a, b) => a.room - b.room || a.gpu - b.gpu);
  const masks: number[] = [];
  const fill = (gpu: number, room: number): void => {
    for (let left = room; left >= need.gpuMilli && masks.length < pods; left -= need.gpuMilli)
      masks.push(1 << gpu);
  };
  for (const { gpu, room } of shared) fill(gpu, room);
  const perGpu = Math.floor(GPU_MILLI / need.gpuMilli);
  const broken = Math.ceil((pods - masks.length) / perGpu);
  if (broken === 0) return { masks, damageGpus: 0 };
  const set = leastLoss(classes.tables, free, broken);
  for (let rest = set; rest !== 0; rest &= rest - 1) fill(31 - Math.clz32(rest & -rest), GPU_MILLI);
  const inTiers =
    popcount16(free) === classes.gpuCount ? whole.damageOf(tables.fabric.groupOf[server]!, 1) : 0;
  return { masks, damageGpus: lossGpus(classes.tables, free, set) + inTiers };
}
