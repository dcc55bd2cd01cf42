import { describe, expect, it } from 'vitest';
import { topology } from '../../../src/catalogue/index.js';
import { type GpuSetTables, gpuSetTables, isBetterSet } from '../../../src/compile/gpu-set-tables.js';
import { PlaceSets, placeSets } from '../../../src/placement/state/place-sets.js';
import { ordinals, popcount16 } from '../../../src/placement/state/state.js';
import { gpuPlaces } from '../../../src/topology/gpu-places.js';

/** Whether GPUs can be dealt out to pods one after the other, each of which keeps to one place. */
function canBeDealt(gpus: readonly number[], podGpus: number, places: readonly number[]): boolean {
  if (gpus.length === 0) return true;
  const place = places.find((mask) => ((mask >>> gpus[0]!) & 1) === 1);
  const mine = gpus.filter((gpu) => place !== undefined && ((place >>> gpu) & 1) === 1).slice(0, podGpus);
  return (
    mine.length === podGpus &&
    canBeDealt(
      gpus.filter((gpu) => !mine.includes(gpu)),
      podGpus,
      places,
    )
  );
}

const MACHINES: readonly (readonly [string, GpuSetTables, readonly number[]])[] = (
  ['dgx-a100', 'dgx1-v100', 'mi250x-frontier', 'aws-p5.48xlarge'] as const
).flatMap((name) => {
  const { socket, numa } = gpuPlaces(topology(name));
  const tables = gpuSetTables(topology(name));
  return [
    [`${name}, sockets`, tables, socket!],
    [`${name}, NUMA nodes`, tables, numa!],
  ] as const;
});

describe.each(MACHINES)('PlaceSets of %s', (_, tables, places) => {
  it('has the sets that can be dealt out to pods that keep to one place', () => {
    for (let podGpus = 1; podGpus <= 4; podGpus++) {
      const sets = new PlaceSets(tables, places, podGpus);
      for (let set = 0; set < 256; set++) {
        if (sets.has(set) !== canBeDealt(ordinals(set), podGpus, places)) {
          expect([podGpus, ordinals(set)]).toBe('dealt out or not');
        }
      }
    }
  });

  it('finds the best of them in every free mask', () => {
    for (let podGpus = 1; podGpus <= 4; podGpus++) {
      const sets = new PlaceSets(tables, places, podGpus);
      for (let free = 1; free < 256; free += 2) {
        for (let count = podGpus; count <= popcount16(free); count += podGpus) {
          let best = 0;
          for (let set = 1; set <= free; set++) {
            if ((set & ~free) !== 0 || popcount16(set) !== count || !sets.has(set)) continue;
            if (isBetterSet(tables, free, set, best)) best = set;
          }
          if (sets.best(free, count) !== best) expect([podGpus, free, count]).toBe(ordinals(best));
        }
      }
    }
  });
});

describe('placeSets', () => {
  it('is kept with the tables, by size of pod and places', () => {
    const tables = gpuSetTables(topology('dgx-a100'));
    const { socket, numa } = gpuPlaces(topology('dgx-a100'));
    const sets = placeSets(tables, socket!, 2);
    expect(placeSets(tables, [...socket!], 2)).toBe(sets);
    expect(placeSets(tables, numa!, 2)).not.toBe(sets);
    expect(placeSets(tables, socket!, 4)).not.toBe(sets);
  });

  it('has no set where nothing is on a known place', () => {
    const sets = placeSets(gpuSetTables(topology('dgx-a100')), [], 2);
    expect(sets.best(255, 2)).toBe(0);
  });
});
