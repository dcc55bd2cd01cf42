import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { bestFit } from '../../../src/policies/index.js';
import { randomStream } from '../../../src/random.js';
import { phase } from '../../../src/restart/index.js';
import { type SimulateOptions, type SimulationJob, simulate } from '../../../src/simulation/index.js';
import { caught } from '../../catalogue/caught.js';
import { gpuBox } from '../../placement/random-cluster.js';

const twoBoxes = clusterTopology({
  tiers: [],
  types: { box: gpuBox(4) },
  servers: [
    { id: 'a', type: 'box' },
    { id: 'b', type: 'box' },
  ],
});

/** Two servers that lose half of their pods at second 100, and a pod that needs a whole one: it is four GPUs and waits. */
const halves: readonly SimulationJob[] = [
  { id: 'a short', submitSeconds: 0, durationSeconds: 100, gpus: 2 },
  { id: 'a long', submitSeconds: 0, durationSeconds: 1000, gpus: 2 },
  { id: 'b short', submitSeconds: 0, durationSeconds: 100, gpus: 2 },
  { id: 'b long', submitSeconds: 0, durationSeconds: 1200, gpus: 2 },
  { id: 'whole', submitSeconds: 150, durationSeconds: 10, gpus: 4 },
];

const slowRestart = (seconds: number) => ({ restart: { exposed: { load: phase.fixed(seconds) } } });

function play(jobs: readonly SimulationJob[], options: Partial<SimulateOptions> = {}) {
  return simulate({ cluster: twoBoxes, jobs, defragmentation: { everySeconds: 60 }, ...options });
}

/** Whether items, the largest first, go into boxes with so much room each. */
function canPack([first, ...rest]: readonly number[], room: readonly number[]): boolean {
  if (first === undefined) return true;
  return room.some((free, box) => free >= first && canPack(rest, room.with(box, free - first)));
}

describe('defragmentation for the head of the queue', () => {
  it('moves the job in the way to free GPUs elsewhere at the next look', () => {
    const { jobs, metrics } = play(halves);
    // Looks at 60, 120, 180: the pod arrives between the last two.
    expect(jobs[4]!.startSeconds).toBe(180);
    const moved = jobs.filter((job) => job.moves > 0);
    expect(moved).toHaveLength(1);
    const [run, next] = moved[0]!.runs;
    expect(run).toMatchObject({ endSeconds: 180, ended: 'moved' });
    expect(next!.startSeconds).toBe(180);
    expect(next!.pods[0]!.server).not.toBe(run!.pods[0]!.server);
    expect(metrics.moves).toBe(1);
    expect(metrics.preemptions).toBe(0);
    // Nothing is lost: it goes on with what it had.
    expect(moved[0]!.endSeconds).toBe(moved[0]!.id === 'a long' ? 1000 : 1200);
  });

  it('moves whoever finds a place elsewhere, though others are cheaper to move', () => {
    // a: 2 + 3 in use, 3 free; b: 4 + 3 in use, 1 free. Only the 3 of b has somewhere to go.
    const long = (gpus: number) => ({ submitSeconds: 0, durationSeconds: 1000, gpus });
    const short = (gpus: number) => ({ submitSeconds: 0, durationSeconds: 100, gpus });
    const { jobs } = play(
      [long(2), long(3), short(3), long(4), long(3), short(1), { ...short(4), submitSeconds: 150 }],
      {
        cluster: clusterTopology({
          tiers: [],
          types: { box: gpuBox(8) },
          servers: [
            { id: 'a', type: 'box' },
            { id: 'b', type: 'box' },
          ],
        }),
        policy: bestFit(),
      },
    );
    expect(jobs.slice(0, 6).map(({ runs }) => runs[0]!.pods[0]!.server)).toEqual([
      'a',
      'a',
      'a',
      'b',
      'b',
      'b',
    ]);
    expect(jobs[6]!.startSeconds).toBe(180);
    expect(jobs.map((job) => job.moves)).toEqual([0, 0, 0, 0, 1, 0, 0]);
  });

  it('finds a place for the head wherever a search through all packings does', () => {
    let possible = 0;
    const random = randomStream(7, 'workload');
    for (let round = 0; round < 1000; round++) {
      const servers = 2 + random.below(3);
      const gpus = random.below(2) === 0 ? 4 : 8;
      const boxes = clusterTopology({
        tiers: [],
        types: { box: gpuBox(gpus) },
        servers: Array.from({ length: servers }, (_, i) => ({ id: `s${i}`, type: 'box' })),
      });
      const jobs: SimulationJob[] = Array.from({ length: 4 * servers }, () => ({
        submitSeconds: 0,
        durationSeconds: random.below(2) === 0 ? 1000 : 50,
        gpus: 1 + random.below(gpus / 2),
      }));
      const head = { gpus: 1 + random.below(gpus), pods: 1 + random.below(2) };
      const all = [...jobs, { ...head, submitSeconds: 100, durationSeconds: 10 }];
      const options: Partial<SimulateOptions> = { cluster: boxes, defragmentation: { everySeconds: 101 } };
      const before = play(all, { ...options, untilSeconds: 100 }).jobs;
      if (before.some((job, i) => (job.startSeconds === null) !== (i === jobs.length))) continue;
      const sizes = jobs.filter((_, i) => before[i]!.runs[0]!.ended === 'cut').map((job) => job.gpus!);
      const items = [...sizes, ...new Array<number>(head.pods).fill(head.gpus)].sort((a, b) => b - a);
      if (!canPack(items, new Array<number>(servers).fill(gpus))) continue;
      possible++;
      expect(play(all, options).jobs.at(-1)!.startSeconds, `round ${round}`).toBe(101);
    }
    expect(possible).toBeGreaterThan(50);
  });

  it('does nothing unless it is asked to', () => {
    expect(play(halves, { defragmentation: undefined }).jobs[4]!.startSeconds).toBe(1000);
  });

  it('moves only for more GPU time than the restart costs', () => {
    // The pod would wait for 1000 - 180 = 820 seconds with four GPUs; a restart of r seconds costs two GPUs r seconds.
    const startWith = (seconds: number): number | null =>
      play(halves, slowRestart(seconds)).jobs[4]!.startSeconds;
    expect(startWith(1600)).toBe(180);
    expect(startWith(1700)).toBe(1000);
    const twice = { defragmentation: { everySeconds: 60, gainFactor: 2 } };
    expect(play(halves, { ...slowRestart(800), ...twice }).jobs[4]!.startSeconds).toBe(180);
    expect(play(halves, { ...slowRestart(850), ...twice }).jobs[4]!.startSeconds).toBe(1000);
  });

  it('pays the restart on the GPUs of the moved job', () => {
    const { jobs, metrics } = play(halves, slowRestart(100));
    const moved = jobs.find((job) => job.moves > 0)!;
    expect(moved.endSeconds).toBe((moved.id === 'a long' ? 1000 : 1200) + 100);
    expect(metrics.gpuHours.restart).toBeCloseTo((100 * 2) / 3600, 9);
  });

  it('counts what falls back to the last checkpoint as cost', () => {
    // 180 seconds of compute without a checkpoint are lost: 360 GPU-seconds, less than the wait of 3280.
    const jobs = play(halves, { preempted: 'checkpoint' }).jobs;
    expect(jobs[4]!.startSeconds).toBe(180);
    const moved = jobs.find((job) => job.moves > 0)!;
    expect(moved.endSeconds).toBe((moved.id === 'a long' ? 1000 : 1200) + 180);
    // With 1500 seconds to redo and the other end 100 seconds away it is not worth it.
    const late = halves.map((job) =>
      job.id === 'whole'
        ? { ...job, submitSeconds: 1500 }
        : job.durationSeconds! > 100
          ? { ...job, durationSeconds: 1600 }
          : job,
    );
    expect(play(late, { preempted: 'checkpoint' }).jobs[4]!.startSeconds).toBe(1600);
    expect(play(late).jobs[4]!.startSeconds).toBe(1500);
  });

  it('moves no more jobs at a look than it may', () => {
    const ones: SimulationJob[] = Array.from({ length: 8 }, (_, i) => ({
      submitSeconds: 0,
      // On every server the first and third end early, so that two jobs are in the way on each.
      durationSeconds: i % 2 === 0 ? 100 : 1000,
      gpus: 1,
    }));
    const jobs = [...ones, { submitSeconds: 150, durationSeconds: 10, gpus: 4 }];
    const startWith = (movesMax: number): number | null =>
      play(jobs, { defragmentation: { everySeconds: 60, movesMax } }).jobs[8]!.startSeconds;
    expect(startWith(2)).toBe(180);
    expect(startWith(1)).toBe(1000);
  });

  it('ends when nothing is left that could change', () => {
    const law = { name: 'gone', level: 'server' as const, failuresPerSecond: 0 };
    const result = play([{ submitSeconds: 0, durationSeconds: 10, gpus: 4, pods: 2 }], {
      failures: { laws: [law], spareServers: 1 },
    });
    expect(result.jobs[0]!.outcome).toBe('refused');
    expect(result.events).toBeLessThan(5);
  });
});

describe('defragmentation for bandwidth', () => {
  const twoRacks = clusterTopology({
    tiers: ['rack'],
    types: { h100: 'dgx-h100' },
    uplinks: { rack: { GBps: 100 } },
    servers: Array.from({ length: 4 }, (_, i) => ({
      id: `s${i}`,
      type: 'h100',
      domains: { rack: `r${Math.floor(i / 2)}` },
    })),
  });
  const blocker = (id: string, durationSeconds: number): SimulationJob => ({
    id,
    submitSeconds: 0,
    durationSeconds,
    gpus: 8,
  });
  /** Two blockers hold half of a rack each, so that the gang of two servers straddles the racks until they end. */
  const straddling: readonly SimulationJob[] = [
    blocker('first', 100),
    { ...blocker('filler', 50) },
    blocker('second', 3000),
    {
      id: 'gang',
      submitSeconds: 10,
      durationSeconds: 1000,
      pods: 2,
      gpus: 8,
      communicationFraction: 0.5,
    },
  ];

  it('brings a gang together that straddles racks', () => {
    const options = { cluster: twoRacks };
    const still = play(straddling, { ...options, defragmentation: undefined }).jobs[3]!;
    const moved = play(straddling, options).jobs[3]!;
    expect(still.moves).toBe(0);
    expect(moved.moves).toBe(1);
    expect(moved.runs[1]!.bandwidthGBps!).toBeGreaterThan(moved.runs[0]!.bandwidthGBps!);
    expect(moved.endSeconds!).toBeLessThan(still.endSeconds!);
  });

  it('leaves it where it is if the restart takes longer than it saves', () => {
    const options = { cluster: twoRacks, ...slowRestart(10_000) };
    expect(play(straddling, options).jobs[3]!.moves).toBe(0);
  });

  it('does not start a gang again where it is, to put off a checkpoint', () => {
    const jobs = straddling.map((job) =>
      job.id === 'first' || job.id === 'second' ? { ...job, durationSeconds: 5000 } : job,
    );
    const gang = { ...jobs[3]!, checkpoint: { computeSeconds: 70, stallSeconds: 5 } };
    expect(play([...jobs.slice(0, 3), gang], { cluster: twoRacks }).jobs[3]!.moves).toBe(0);
  });

  it('moves nobody who is as fast as can be', () => {
    const jobs = [{ ...straddling[3]!, submitSeconds: 0, durationSeconds: 10_000 }];
    expect(play(jobs, { cluster: twoRacks }).metrics.moves).toBe(0);
  });
});

describe('defragmentation for pods', () => {
  it('moves who has most to gain first, and no more than it may', () => {
    const rigid = (submitSeconds: number, durationSeconds: number, gpus: number): SimulationJob => ({
      submitSeconds,
      durationSeconds,
      gpus,
    });
    const small = (id: string, submitSeconds: number, durationSeconds: number): SimulationJob => ({
      ...rigid(submitSeconds, durationSeconds, 1),
      id,
      pods: 2,
      podsMin: 1,
    });
    // Both have one pod of two when six GPUs come back at 50.
    const jobs = [
      ...[rigid(0, 10, 4), rigid(0, 10, 3), small('short', 0, 500)],
      ...[rigid(9, 40, 4), rigid(9, 40, 2), small('long', 9, 2000)],
    ];
    const movedAt = (movesMax: number): (number | undefined)[] => {
      const { jobs: results } = play(jobs, { defragmentation: { everySeconds: 60, movesMax } });
      return [results[2]!, results[5]!].map(
        (job) => job.runs.find((run) => run.ended === 'moved')?.endSeconds,
      );
    };
    expect(movedAt(1)).toEqual([120, 60]);
    expect(movedAt(2)).toEqual([60, 60]);
  });
});

describe('defragmentation beside headroom', () => {
  it('moves nobody onto room that is kept, not even who may use it', () => {
    // One server has the room and the first, the other the second, which may use the room. On it, it would leave a server
    // to the last.
    const jobs: readonly SimulationJob[] = [
      { submitSeconds: 0, durationSeconds: 1200, gpus: 2 },
      { submitSeconds: 0, durationSeconds: 1000, gpus: 2, tenant: 'serving' },
      { submitSeconds: 10, durationSeconds: 10, gpus: 4 },
    ];
    const headroom = [{ name: 'room', room: { gpus: 2 }, tenants: ['serving'] }];
    const beside = play(jobs, { headroom });
    expect(beside.jobs[2]!.startSeconds).toBe(1000);
    expect(beside.metrics).toMatchObject({ moves: 0, headroom: [{ keptGpus: 2, wholeFraction: 1 }] });
    // Without it the two share a server from the start.
    expect(play(jobs).jobs[2]!.startSeconds).toBe(10);
  });
});

describe('defragmentation under fair share', () => {
  const elastic: SimulationJob = {
    id: 'elastic',
    submitSeconds: 1,
    durationSeconds: 1000,
    pods: 4,
    podsMin: 1,
    gpus: 1,
    tenant: 'a',
  };
  /** The elastic job gets what others leave, until second 10. */
  const jobs: readonly SimulationJob[] = [
    { submitSeconds: 0, durationSeconds: 10, gpus: 4, tenant: 'b' },
    { submitSeconds: 0, durationSeconds: 10, gpus: 2, tenant: 'b' },
    elastic,
    { submitSeconds: 20, durationSeconds: 500, pods: 2, gpus: 1, tenant: 'a' },
  ];

  it('lets no job grow past the limit of its tenant', () => {
    const quotas = [
      { name: 'a', deservedGpus: 4, limitGpus: 4 },
      { name: 'b', deservedGpus: 4 },
    ];
    const { jobs: results } = play(jobs, { queue: 'fair-share', quotas });
    expect(results[3]!.startSeconds).toBe(20);
    expect(results[2]!.runs.map((run) => run.pods.length)).toEqual([2]);
    // Under other queues it grows.
    expect(play(jobs).jobs[2]!.runs.map((run) => run.pods.length)).toEqual([2, 4]);
  });
});

describe('options of defragmentation', () => {
  it.each([
    [{ everySeconds: 0 }, ['defragmentation', 'everySeconds']],
    [{ movesMax: 0 }, ['defragmentation', 'movesMax']],
    [{ gainFactor: -1 }, ['defragmentation', 'gainFactor']],
    [{ every: 1 }, ['defragmentation', 'every']],
  ])('refuses %o', (defragmentation, path) => {
    const error = caught(() => play(halves, { defragmentation: defragmentation as never }));
    expect(error).toMatchObject({ code: 'invalid-option', path });
  });

  it('are not for preemption by order', () => {
    const error = caught(() => play(halves, { preemption: 'order' }));
    expect(error).toMatchObject({ code: 'invalid-option', path: ['defragmentation'] });
  });
});
