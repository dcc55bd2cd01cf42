import type { ClusterTables } from '../../compile/cluster-tables.js';
import type { Gang } from '../../placement/gangs/gang.js';

/**
 * Pods that fit at once, where counting them says all there is to know: every pod of every job asks for the same number
 * of whole GPUs and for nothing else, anywhere. Then a gang fits exactly if as many are free as it has pods.
 *
 * @returns pods that the empty cluster holds; undefined where counting is not enough
 */
export function podUnits(tables: ClusterTables, gangs: readonly Gang[]): number | undefined {
  const gpus = gangs[0]?.need.gpus ?? 0;
  if (gpus === 0) return undefined;
  for (const gang of gangs) {
    const { need } = gang;
    const isFree = gang.requireLevel === tables.fabric.levelCount - 1 && gang.slicePods === 1;
    if (!need.isPlain || need.gpus !== gpus || need.allowedShapes !== undefined) return undefined;
    if (!isFree || gang.podsMin !== gang.pods) return undefined;
  }
  let units = 0;
  for (let s = 0; s < tables.serverCount; s++) {
    units += Math.floor(tables.shapeGpus[tables.shapeOf[s]!]! / gpus);
  }
  return units;
}
