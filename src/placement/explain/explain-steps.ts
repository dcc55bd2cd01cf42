import { fewestPlaces, gpuPlaces, placesTouched } from '../../topology/gpu-places.js';
import { GPU_MILLI } from '../../units.js';
import type { PlacementEngine } from '../engine.js';
import { type Gang, type Levels, SERVER } from '../gangs/gang.js';
import { costOf, type GangPlan, merged } from '../gangs/gang-plan.js';
import { CpuPods } from '../pods/cpu-pods.js';
import type { PlacementStep } from '../request/explanation.js';
import type { FreeIndex } from '../state/free-index.js';
import { popcount16 } from '../state/state.js';
import { plural, round } from './words.js';

/** The figures that decided about a plan, in the order of the objective. */
export function stepsOf(
  engine: PlacementEngine,
  gang: Gang,
  plan: GangPlan,
  levels: Levels,
): PlacementStep[] {
  const steps: PlacementStep[] = [];
  const servers = new Set(plan.servers).size;
  if (gang.podsMin < gang.pods) {
    steps.push({
      step: 'size',
      figure: plan.pods,
      message: `${plan.pods} of ${plural(gang.pods, 'pod')}: the most that fit`,
    });
  }
  const { byTopology, byScore } = engine;
  if (byTopology === undefined) {
    const score = byScore!.finder.scoreOf(gang.need, plan.servers[0]!);
    steps.push({
      step: 'score',
      figure: score,
      message: `the first pod scores ${round(score)} on its server`,
    });
    return steps;
  }
  if (gang.need.communicates) {
    const tier = levels.nameOf(plan.level);
    steps.push({
      step: 'tier',
      figure: tier,
      message: `lowest tier with one domain that holds all: ${tier}`,
    });
  }
  if (gang.need.gpus === 0) {
    const stranded = strandedGpus(byTopology.index, gang, plan);
    const message = `strands ${round(stranded)} free GPUs, whose CPU or memory it takes`;
    steps.push({ step: 'damage', figure: stranded, message });
  } else if (gang.need.gpuMilli === GPU_MILLI) {
    const pieces = merged(plan);
    const cost = costOf(byTopology.index, plan.level, pieces);
    let gpus = 0;
    for (const mask of pieces.masks) gpus += popcount16(mask);
    const { bandwidthGBps } = plan;
    steps.push({
      step: 'bandwidth',
      figure: bandwidthGBps,
      message:
        bandwidthGBps === null
          ? 'bandwidth: one GPU talks to nobody'
          : `highest bandwidth there: ${round(bandwidthGBps)} GB/s per GPU`,
    });
    const load =
      plan.level === SERVER
        ? engine.setTablesOf(byTopology.index.kindOf(plan.servers[0]!)).sharedLoadGBps[pieces.masks[0]!]!
        : gpus < 2 || bandwidthGBps === null
          ? 0
          : (cost.unitLoad * bandwidthGBps) / (gpus - 1);
    steps.push({
      step: 'load',
      figure: load,
      message: `load on links that others could use: ${round(load)} GB/s, summed over links`,
    });
    steps.push({
      step: 'damage',
      figure: cost.damageGpus,
      message: `damage to what remains: worth ${round(cost.damageGpus)} GPUs, on servers and in tiers`,
    });
  }
  const straddling = straddlingPods(engine, gang, plan);
  if (straddling > 0) {
    steps.push({
      step: 'sockets',
      figure: straddling,
      message: `${plural(straddling, 'pod')} of ${plan.pods} with GPUs on several sockets of a server`,
    });
  }
  steps.push({ step: 'servers', figure: servers, message: `${plural(servers, 'server')} touched` });
  return steps;
}

/** Pods of whole GPUs on more sockets than they need; servers whose document names no sockets are left out. */
function straddlingPods(engine: PlacementEngine, { need }: Gang, plan: GangPlan): number {
  if (need.gpus < 2) return 0;
  let pods = 0;
  const { servers, masks } = engine.podsOf(need, plan);
  servers.forEach((server, i) => {
    const sockets = gpuPlaces(engine.tables.shapeType[engine.tables.shapeOf[server]!]!).socket ?? [];
    const fewest = fewestPlaces(sockets)[need.gpus] ?? 0;
    if (placesTouched(sockets, masks[i]!) > fewest) pods++;
  });
  return pods;
}

/** Free GPUs that pods without GPUs strand. */
function strandedGpus(index: FreeIndex, { need }: Gang, plan: GangPlan): number {
  const podsOn = new Map<number, number>();
  plan.servers.forEach((server, i) => {
    podsOn.set(server, (podsOn.get(server) ?? 0) + plan.podCounts[i]!);
  });
  const cpu = new CpuPods(index);
  let stranded = 0;
  for (const [server, pods] of podsOn) stranded += cpu.strandedGpus(need, server, pods);
  return stranded;
}
