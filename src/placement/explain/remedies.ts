import { isPlace, placeName } from '../../topology/gpu-places.js';
import type { PlacementEngine } from '../engine.js';
import { type Gang, gangOf, type Levels } from '../gangs/gang.js';
import { holdsGang } from '../gangs/gang-fit.js';
import type { Remedy, TierExplanation } from '../request/explanation.js';
import type { PlacementRequest } from '../request/request.js';
import { podNeed } from '../state/pod-need.js';
import { count, plural } from './words.js';

/**
 * All single changes that would make a request fit. Each has been tried.
 *
 * @param tiers - the best domain of each tier
 * @complexity O(servers × tiers), some fifty times where CPU or memory is asked for
 */
export function remediesFor(
  engine: PlacementEngine,
  request: PlacementRequest,
  gang: Gang,
  levels: Levels,
  tiers: readonly TierExplanation[],
): Remedy[] {
  const remedies: Remedy[] = [];
  const most = engine.mostPods(gang);
  if (most > 0) {
    const message = `${plural(most, 'pod')} would fit: ask for podsMin ${most}`;
    remedies.push({ change: 'fewer-pods', pods: most, message });
  }
  const wider = tiers.find((tier, i) => i - 1 > gang.requireLevel && tier.podsLacking === 0);
  if (wider !== undefined) {
    const { tier } = wider;
    const message = `it would fit in one domain of ${tier}: require no narrower`;
    remedies.push({ change: 'wider-tier', tier, message });
  }
  const trial = new Trial(engine, request, levels);
  if (gang.slicePods > 1 && trial.fits({ slice: undefined })) {
    const tier = levels.nameOf(gang.sliceLevel);
    const message = `it would fit without slices: no domain of ${tier} has room for enough of them`;
    remedies.push({ change: 'no-slices', message });
  }
  const { placeKinds } = gang.need;
  if (placeKinds.length > 0 && trial.fits(withoutPlaces(request))) {
    const what = placeKinds.map(placeName).join(' and one ');
    const message = `it would fit if pods need not be on one ${what}: ask for no place`;
    remedies.push({ change: 'no-place', message });
  }
  remedies.push(...lessOf(trial, 'cpuMilli'), ...lessOf(trial, 'memoryMiB'));
  remedies.push(...otherModels(trial), ...fewerLabels(trial));
  remedies.push(...fromTheCluster(engine, gang));
  return remedies;
}

/** Whether the request would fit in the empty cluster without all its conditions: then several changes together make it fit. */
export function fitsIfAllIsChanged(
  engine: PlacementEngine,
  request: PlacementRequest,
  levels: Levels,
): boolean {
  const { gpus, gpuMilli } = request;
  const least = { ...(gpus !== undefined && { gpus }), ...(gpuMilli !== undefined && { gpuMilli }) };
  return engine.fitsEmptyCluster(gangOf(least, podNeed(least, engine.tables), levels));
}

/** Whether a request would fit now with some fields changed. */
class Trial {
  readonly engine: PlacementEngine;
  readonly request: PlacementRequest;
  readonly #levels: Levels;

  constructor(engine: PlacementEngine, request: PlacementRequest, levels: Levels) {
    this.engine = engine;
    this.request = request;
    this.#levels = levels;
  }

  fits(change: Partial<PlacementRequest>): boolean {
    const { tables, state } = this.engine;
    const changed = { ...this.request, ...change };
    return holdsGang(tables, state, gangOf(changed, podNeed(changed, tables), this.#levels));
  }
}

/** The fields of a request without the conditions on sockets and NUMA nodes. */
export function withoutPlaces({ require }: PlacementRequest): Partial<PlacementRequest> {
  const isOfPlace = require !== undefined && isPlace(require);
  return { requirePerPod: undefined, ...(isOfPlace && { require: undefined }) };
}

/** The most CPU or memory per pod with which the request fits, by bisection: a request for less never fits worse. */
function lessOf(trial: Trial, field: 'cpuMilli' | 'memoryMiB'): Remedy[] {
  const asked = trial.request[field] ?? 0;
  if (asked === 0 || !trial.fits({ [field]: 0 })) return [];
  let fits = 0;
  let tooMuch = asked;
  while (fits + 1 < tooMuch) {
    const middle = fits + Math.floor((tooMuch - fits) / 2);
    if (trial.fits({ [field]: middle })) fits = middle;
    else tooMuch = middle;
  }
  const isCpu = field === 'cpuMilli';
  const unit = isCpu ? 'milli-cores of CPU' : 'MiB of memory';
  const { tables, state } = trial.engine;
  const { allowedShapes } = podNeed(trial.request, tables);
  let largest = 0;
  let mostFree = 0;
  for (let s = 0; s < tables.serverCount; s++) {
    const shape = tables.shapeOf[s]!;
    if (allowedShapes?.[shape] === 0) continue;
    largest = Math.max(largest, (isCpu ? tables.shapeCpuMilli : tables.shapeMemoryMiB)[shape]!);
    if (state.cordoned[s] === 0)
      mostFree = Math.max(mostFree, (isCpu ? state.cpuFreeMilli : state.memoryFreeMiB)[s]!);
  }
  const there =
    largest < asked
      ? `the largest server has ${count(largest)}`
      : mostFree < asked
        ? `the most that is free on a server is ${count(mostFree)}`
        : 'servers with as much free lack something else, or are too few';
  const message = `it would fit with ${count(fits)} ${unit} per pod: ${count(asked)} are asked for, ${there}`;
  return [{ change: isCpu ? 'less-cpu' : 'less-memory', message, [field]: fits }];
}

function otherModels(trial: Trial): Remedy[] {
  const asked = trial.request.gpuModels ?? [];
  if (asked.length === 0 || !trial.fits({ gpuModels: undefined })) return [];
  const others = trial.engine.tables.gpuModels.filter((model) => model !== '' && !asked.includes(model));
  const enough = others.filter((model) => trial.fits({ gpuModels: [...asked, model] }));
  const names = (enough.length > 0 ? enough : others).map((name) => JSON.stringify(name));
  const message =
    enough.length > 0
      ? `it would fit if GPU model ${names.join(' or ')} would do as well`
      : 'it would fit if any GPU model would do: ask for none';
  const gpuModels = enough.length > 0 ? [...asked, enough[0]!] : [];
  return [{ change: 'other-model', message, gpuModels }];
}

function fewerLabels(trial: Trial): Remedy[] {
  const labels = trial.request.labels ?? {};
  const names = Object.keys(labels);
  if (names.length === 0 || !trial.fits({ labels: undefined })) return [];
  const without = (name: string): Record<string, string> =>
    Object.fromEntries(Object.entries(labels).filter(([other]) => other !== name));
  const one = names.find((name) => trial.fits({ labels: without(name) }));
  const left = one === undefined ? names : [one];
  const named = left.map((name) => `${JSON.stringify(name)} = ${JSON.stringify(labels[name])}`).join(', ');
  const message = `it would fit on servers that do not bear ${left.length > 1 ? 'labels' : 'label'} ${named}`;
  return [{ change: 'no-labels', message, labels: left }];
}

/** The changes in the cluster that would help: lifting cordons, waiting for others. */
function fromTheCluster(engine: PlacementEngine, gang: Gang): Remedy[] {
  const { uncordon, release, both } = engine.tryChanges(gang);
  const remedies: Remedy[] = [];
  if (uncordon) {
    remedies.push({ change: 'uncordon', message: 'it would fit if no server were cordoned' });
  }
  if (release) {
    const message = 'it would fit if others were gone: wait for them to leave';
    remedies.push({ change: 'release', message });
  }
  if (both && !uncordon && !release) {
    const message = 'it would fit if no server were cordoned and others were gone: neither alone is enough';
    remedies.push({ change: 'uncordon-and-release', message });
  }
  return remedies;
}
