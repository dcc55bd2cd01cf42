import { describe, expect, it } from 'vitest';
import { phase } from '../../../src/restart/index.js';
import { type SimulateOptions, type SimulationJob, simulate } from '../../../src/simulation/index.js';
import { caught } from '../../catalogue/caught.js';
import { oneGpuServers } from '../one-gpu-servers.js';

/** A job of 1 to 4 pods that takes 100 seconds with all of them. */
const elastic: SimulationJob = {
  id: 'elastic',
  submitSeconds: 0,
  durationSeconds: 100,
  pods: 4,
  podsMin: 1,
  gpus: 1,
};
const rigid = (submitSeconds: number, durationSeconds: number, pods: number): SimulationJob => ({
  submitSeconds,
  durationSeconds,
  pods,
  gpus: 1,
});

function play(jobs: readonly SimulationJob[], options: Partial<SimulateOptions> = {}) {
  return simulate({ cluster: oneGpuServers(4), jobs, elastic: 'running', ...options });
}

describe('elastic jobs', () => {
  it('keep the size of their start by default', () => {
    const { jobs } = play([rigid(0, 10, 3), elastic], { elastic: undefined });
    expect(jobs[1]!.runs.map((run) => run.pods.length)).toEqual([1]);
    expect(jobs[1]!.endSeconds).toBe(400);
  });

  it('grow when GPUs are free and nobody waits', () => {
    const { jobs } = play([rigid(0, 10, 3), elastic]);
    expect(jobs[1]!.runs.map((run) => run.pods.length)).toEqual([1, 4]);
    // Ten seconds with one pod are 2.5 with all.
    expect(jobs[1]!.endSeconds).toBe(10 + 97.5);
    expect(jobs[1]!.runs[0]!.ended).toBe('moved');
  });

  it('grow in the order in which they were submitted', () => {
    const small = { ...elastic, pods: 3 };
    // One pod each from 10 on; two GPUs come back at 20.
    const jobs = [rigid(0, 10, 3), small, rigid(9, 10, 2), { ...small, id: 'second', submitSeconds: 9 }];
    const { jobs: results } = play(jobs);
    expect(results[3]!.startSeconds).toBe(10);
    expect(results[1]!.runs.map((run) => run.pods.length)).toEqual([1, 3]);
    expect(results[1]!.runs[1]!.startSeconds).toBe(20);
    expect(results[3]!.runs[0]!.pods).toHaveLength(1);
    expect(results[3]!.runs[0]!.endSeconds).toBeGreaterThan(20);
  });

  it('do not grow where the restart costs more than the GPUs would do', () => {
    const with_ = (seconds: number) =>
      play([rigid(0, 10, 3), elastic], { restart: { exposed: { load: phase.fixed(seconds) } } }).jobs[1]!;
    // With four pods it has 97.5 seconds left, in which three more GPUs work: 292.5; the restart of four costs 4 r.
    expect(with_(73).moves).toBe(1);
    expect(with_(74).moves).toBe(0);
  });

  it('give up pods for a head of the queue that does not fit, and take them back', () => {
    const { jobs, metrics } = play([elastic, rigid(20, 10, 2)]);
    expect(jobs[0]!.runs.map((run) => run.pods.length)).toEqual([4, 2, 4]);
    expect(jobs[1]!.startSeconds).toBe(20);
    // Ten seconds at half speed.
    expect(jobs[0]!.endSeconds).toBe(105);
    expect(metrics.preemptions).toBe(0);
    expect(metrics.moves).toBe(2);
  });

  it('give up no more than down to their least', () => {
    const { jobs } = play([{ ...elastic, podsMin: 3 }, rigid(20, 10, 2)]);
    expect(jobs[1]!.startSeconds).toBe(100);
    expect(jobs[0]!.moves).toBe(0);
  });

  it.each([
    // GPUs, pods and least of the two, pods wanted, and what the two go on with.
    [4, 2, 1, 2, [1, 1]],
    [8, 4, 2, 4, [2, 2]],
    [8, 4, 1, 3, [4, 1]],
    [8, 4, 1, 5, [2, 1]],
    [8, 4, 1, 6, [1, 1]],
  ])(
    'give up pods together: on %i GPUs two of %i, least %i, for a gang of %i',
    (gpus, pods, podsMin, wanted, left) => {
      const two = { ...elastic, durationSeconds: 1000, pods, podsMin };
      const { jobs } = play([two, { ...two, id: 'second' }, rigid(100, 100, wanted)], {
        cluster: oneGpuServers(gpus),
      });
      expect(jobs[2]!.startSeconds).toBe(100);
      const after = jobs
        .slice(0, 2)
        .map(({ runs }) => runs.find((run) => run.endSeconds! > 100)!.pods.length);
      expect(after).toEqual(left);
    },
  );

  it('give up pods together where no few of them are enough', () => {
    // Thirty gangs of two, each of which can do with one: only all of them together make room for thirty.
    const gangs = Array.from({ length: 30 }, (_, i) => ({
      ...elastic,
      id: `gang ${i}`,
      durationSeconds: 1000,
      pods: 2,
    }));
    const { jobs, metrics } = play([...gangs, rigid(100, 100, 30)], { cluster: oneGpuServers(60) });
    expect(jobs[30]!.startSeconds).toBe(100);
    expect(metrics.moves).toBe(60);
  });

  it('give up nothing for a job of lower priority', () => {
    const { jobs } = play([{ ...elastic, priority: 1 }, rigid(20, 10, 2)], { queue: 'priority' });
    expect(jobs[1]!.startSeconds).toBe(100);
  });

  it('shrink only where the wait is worth more than the restart', () => {
    const startWith = (seconds: number) =>
      play([elastic, rigid(20, 10, 2)], { restart: { exposed: { load: phase.fixed(seconds) } } }).jobs[1]!
        .startSeconds;
    // The head would wait 80 seconds with two GPUs: 160; the restart of two pods costs 2 r.
    expect(startWith(79)).toBe(20);
    expect(startWith(81)).toBe(100);
  });

  it('give up pods as soon as they compute, for a head that came while they were about to', () => {
    const options: Partial<SimulateOptions> = {
      restart: { exposed: { load: phase.fixed(20) } },
      queue: 'priority',
      preemption: { victims: 'youngest' },
    };
    const high = { ...rigid(10, 5, 4), priority: 9 };
    // Stopped from 10 to 15, and restarting until 35. The head arrives at 20; nothing ends before 60.
    const jobs = [
      { ...elastic, durationSeconds: 1000 },
      high,
      rigid(20, 10, 2),
      // Whoever arrives lets the scheduler look again.
      rigid(30, 10, 2),
      rigid(40, 10, 2),
    ];
    const { jobs: results } = play(jobs, options);
    expect(results[0]!.runs[1]).toMatchObject({ startSeconds: 15, endSeconds: 40, ended: 'moved' });
    expect(results[2]!.startSeconds).toBe(40);
  });

  it('keep nobody out for whom there is room, after a trial that came to nothing', () => {
    // Without the first the head fits, but then the first does not fit beside it: nobody shrinks. Who asks for the same as
    // the first is no worse off for that.
    const bounded = (submitSeconds: number, durationSeconds: number): SimulationJob => ({
      ...rigid(submitSeconds, durationSeconds, 3),
      podsMin: 2,
    });
    const jobs = [bounded(0, 1000), rigid(1, 10, 4), bounded(2, 10)];
    const { jobs: results } = play(jobs, { cluster: oneGpuServers(5), backfill: 'easy' });
    expect(results.map((result) => result.startSeconds)).toEqual([0, 1000, 2]);
  });

  it('shrink before anybody is preempted', () => {
    const low = { ...rigid(0, 1000, 1), priority: 0 };
    const { metrics } = play(
      [{ ...elastic, pods: 3, priority: 0 }, low, { ...rigid(20, 10, 2), priority: 5 }],
      { queue: 'priority', preemption: { victims: 'fewest-gpus' } },
    );
    expect(metrics.preemptions).toBe(0);
    expect(metrics.moves).toBeGreaterThan(0);
  });

  it.each([{ queue: 'fair-share' as const }, { preemption: 'order' as const }])(
    'are not for %o',
    (options) => {
      const error = caught(() => play([elastic], options));
      expect(error).toMatchObject({ code: 'invalid-option', path: ['elastic'] });
    },
  );
});
