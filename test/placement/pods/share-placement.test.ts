import { describe, expect, it } from 'vitest';
import { judgePlacement } from '../../../src/check/index.js';
import { lossOf } from '../../../src/compile/gpu-set-tables.js';
import { compile, serverTopology } from '../../../src/index.js';
import { sharesOn } from '../../../src/placement/pods/share-placement.js';
import { podNeed } from '../../../src/placement/state/pod-need.js';
import { freeMilliOf, ordinals, podsThatFit, popcount16 } from '../../../src/placement/state/state.js';
import { Dice, serverTypes } from '../gangs/gang-cluster.js';
import { Disorder, kindsCluster, someGpus } from '../kinds-cluster.js';
import { gpuBox } from '../random-cluster.js';

describe('sharesOn', () => {
  it('fills shared GPUs from the tightest, and breaks the wholly free ones without which most value is left', () => {
    let broken = 0;
    for (let seed = 0; seed < 300; seed++) {
      const dice = new Dice(seed);
      const types = [...serverTypes.keys()].filter((type) => serverTypes[type]!.gpus.length > 1);
      const disorder = new Disorder(kindsCluster(dice, { serversMax: 8, tiersMax: 2, types }), dice);
      disorder.run();
      const { tables, engine, index, cluster } = disorder;
      const { state } = engine;
      const request = { gpuMilli: dice.of([100, 250, 333, 500, 700]) };
      const need = podNeed(request, tables);
      for (let s = 0; s < tables.serverCount; s++) {
        const most = podsThatFit(tables, state, need, s, 8);
        for (let pods = 1; pods <= most; pods++) {
          const where = `seed ${seed}, server ${s}, ${pods} pods of ${request.gpuMilli}`;
          const { masks, damageGpus } = sharesOn(index, need, s, pods);
          expect(masks.length, where).toBe(pods);
          expect(
            masks.every((mask) => popcount16(mask) === 1),
            where,
          ).toBe(true);
          // Shared GPUs are filled one after the other, the tightest first; then whole ones.
          const room = (gpu: number): number => freeMilliOf(tables, state, s, gpu);
          const order = [...Array(tables.shapeGpus[tables.shapeOf[s]!]).keys()]
            .filter((gpu) => room(gpu) < 1000)
            .sort((a, b) => room(a) - room(b) || a - b)
            .flatMap((gpu) => new Array<number>(Math.floor(room(gpu) / request.gpuMilli)).fill(1 << gpu));
          expect(masks.slice(0, order.length), where).toEqual(order.slice(0, pods));
          const state_ = { free: disorder.free(), cordoned: disorder.cordoned() };
          const judged = judgePlacement(cluster, state_, request, {
            pods: masks.map((mask) => ({ server: disorder.idOf(s), gpus: ordinals(mask) })),
            tier: 'server',
            bandwidthGBps: null,
          });
          expect(
            judged.violations.filter((v) => !v.startsWith(`${pods} pods given`)),
            where,
          ).toEqual([]);
          expect(damageGpus, where).toBeCloseTo(judged.damage, 8);
          // No other GPUs to break would do less.
          const free = state.freeMask[s]!;
          const wholes = new Set(masks.slice(order.length)).size;
          expect(wholes, where).toBe(
            Math.ceil(Math.max(0, pods - order.length) / Math.floor(1000 / request.gpuMilli)),
          );
          if (wholes === 0) continue;
          broken++;
          const sets = index.kinds[index.kindOf(s)]!.classes.tables;
          const taken = masks.slice(order.length).reduce((set, mask) => set | mask, 0);
          const loss = Math.min(...someGpus(free, wholes).map((set) => lossOf(sets, free, set)));
          expect(lossOf(sets, free, taken), where).toBeCloseTo(loss, 8);
        }
      }
    }
    expect(broken).toBeGreaterThan(500);
  });

  it('fills the lowest of shared GPUs that have equal room, then breaks the lowest', () => {
    const solver = compile(serverTopology(gpuBox(4)));
    for (let i = 0; i < 3; i++) solver.place({ gpuMilli: 600 });
    // GPUs 0, 1 and 2 have 400 left each, 3 is whole.
    const answer = solver.find({ pods: 5, gpuMilli: 400 });
    expect(answer.ok && answer.placement.pods.map(({ gpus }) => gpus)).toEqual([[0], [1], [2], [3], [3]]);
    const one = solver.find({ gpuMilli: 400 });
    expect(one.ok && one.placement.pods[0]!.gpus).toEqual([0]);
  });
});
