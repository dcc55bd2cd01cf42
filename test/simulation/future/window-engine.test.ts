import { describe, expect, it } from 'vitest';
import { copyState, freeMilliOf } from '../../../src/placement/state/state.js';
import { PeakUse } from '../../../src/simulation/future/placed-peak-use.js';
import { ShownServers } from '../../../src/simulation/future/window-engine.js';
import { drawsOf } from '../whole/swarm.js';
import { fourGpuEngine, gangFor } from './placed-cluster.js';

const SERVERS = 3;

describe('ShownServers', () => {
  it('shows what is left of every server, and nothing of what it showed before', () => {
    const engine = fourGpuEngine(SERVERS);
    const { tables, state } = engine;
    const empty = copyState(state);
    const shown = new ShownServers(engine);
    const use = new PeakUse(tables);
    for (let seed = 0; seed < 1000; seed++) {
      const draw = drawsOf(seed);
      const server = draw.between(0, SERVERS - 1);
      use.wholeMask = draw.between(0, 15);
      use.sharedMask = draw.chance(0.5) ? draw.between(0, 15) : 0;
      use.cpuMilli = draw.of([0, 0, 1000, 8000]);
      use.memoryMiB = draw.of([0, 0, 500]);
      for (let gpu = 0; gpu < 4; gpu++) {
        use.shareMilli[gpu] = ((use.sharedMask >> gpu) & 1) === 1 ? draw.of([1, 300, 1000]) : 0;
      }
      shown.show(server, use);
      expect(state.cpuFreeMilli[server]).toBe(8000 - use.cpuMilli);
      expect(state.memoryFreeMiB[server]).toBe(8000 - use.memoryMiB);
      for (let gpu = 0; gpu < 4; gpu++) {
        const taken = ((use.wholeMask >> gpu) & 1) === 1 ? 1000 : use.shareMilli[gpu]!;
        expect(freeMilliOf(tables, state, server, gpu)).toBe(1000 - taken);
      }
      let free = 0;
      for (let s = 0; s < SERVERS; s++) {
        for (let gpu = 0; gpu < 4; gpu++) free += freeMilliOf(tables, state, s, gpu);
      }
      expect(shown.freeMilli).toBe(free);
      // The engine's own counters follow: it finds room exactly where there is some.
      expect(engine.decide(gangFor(engine, { gpus: 4 }).need)).toBe(state.freeMask.includes(15));
    }
    use.measure([], 0, 1, 'end');
    for (let server = 0; server < SERVERS; server++) shown.show(server, use);
    expect(state).toEqual(empty);
  });
});
