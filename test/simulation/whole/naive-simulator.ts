import type { SimulationJob } from '../../../src/simulation/index.js';

/** What the naive simulator knows: GPUs of one server, counted, and whole seconds. */
export interface NaiveOptions {
  readonly gpus: number;
  /** Pods of one GPU each. */
  readonly jobs: readonly SimulationJob[];
  readonly rule: 'strict' | 'greedy' | 'easy' | 'order' | 'youngest' | 'lowest-priority';
  readonly byPriority: boolean;
}

interface NaiveJob {
  readonly at: number;
  readonly size: number;
  readonly priority: number;
  readonly submit: number;
  left: number;
  begin: number;
}

/** When a job first started, when it ended, and how often it was stopped. */
export type NaiveResult = readonly [start: number, end: number, preemptions: number];

/**
 * Second by second, with lists and sorting only: ends and arrivals of a second, then decisions, then again whatever ends at
 * once. It shares no code with the simulator that it judges. Estimates are exact; who is stopped keeps what it did.
 */
export function naiveSimulation({ gpus, jobs, rule, byPriority }: NaiveOptions): NaiveResult[] {
  const all = jobs.map(
    (job, at): NaiveJob => ({
      at,
      size: job.pods ?? 1,
      priority: job.priority ?? 0,
      submit: job.submitSeconds,
      left: job.durationSeconds!,
      begin: Number.NaN,
    }),
  );
  const results = all.map(() => [Number.NaN, Number.NaN, 0] as [number, number, number]);
  const waiting = new Set<NaiveJob>();
  let running: NaiveJob[] = [];
  /** For preemption by order: who is in it, the earlier the better among equals. */
  let ranking: NaiveJob[] = [];
  let now = 0;
  const free = (): number => gpus - running.reduce((sum, { size }) => sum + size, 0);
  const queue = (): NaiveJob[] =>
    [...waiting].sort(
      (a, b) => (byPriority ? b.priority - a.priority : 0) || a.submit - b.submit || a.at - b.at,
    );
  const start = (job: NaiveJob): void => {
    waiting.delete(job);
    running.push(job);
    job.begin = now;
    if (Number.isNaN(results[job.at]![0])) results[job.at]![0] = now;
  };
  const stop = (job: NaiveJob): void => {
    running = running.filter((other) => other !== job);
    job.left -= now - job.begin;
    results[job.at]![2]++;
    waiting.add(job);
  };
  const startFromTheFront = (): void => {
    for (const job of queue()) {
      if (job.size > free()) return;
      start(job);
    }
  };
  const backfill = (): void => {
    const [head, ...others] = queue();
    if (head === undefined) return;
    const freeAt = (time: number): number =>
      gpus -
      running.filter(({ begin, left }) => begin + left > time).reduce((sum, { size }) => sum + size, 0);
    const ends = running.map(({ begin, left }) => begin + left).sort((a, b) => a - b);
    const promise = ends.find((time) => freeAt(time) >= head.size)!;
    for (const job of others) {
      if (job.size > free()) continue;
      if (now + job.left <= promise || freeAt(promise) - job.size >= head.size) start(job);
    }
  };
  const chooseAnew = (): void => {
    ranking = ranking.filter((job) => waiting.has(job) || running.includes(job));
    ranking.push(...queue().filter((job) => !ranking.includes(job)));
    ranking.sort((a, b) => (byPriority ? b.priority - a.priority : 0));
    let room = gpus;
    const chosen = ranking.filter(({ size }) => {
      if (size > room) return false;
      room -= size;
      return true;
    });
    for (const job of [...running]) if (!chosen.includes(job)) stop(job);
    for (const job of queue()) if (chosen.includes(job)) start(job);
  };
  const preempt = (): void => {
    for (;;) {
      startFromTheFront();
      const [head] = queue();
      // Whoever takes no time gives its GPUs back at once.
      if (head === undefined || running.some(({ left }) => left === 0)) return;
      const keyOf = ({ priority, begin }: NaiveJob): number => (rule === 'youngest' ? -begin : priority);
      let victims = running
        .filter(({ priority }) => priority < head.priority)
        .sort((a, b) => keyOf(a) - keyOf(b) || b.submit - a.submit || b.at - a.at);
      const roomOf = (list: readonly NaiveJob[]): number =>
        free() + list.reduce((sum, { size }) => sum + size, 0);
      if (roomOf(victims) < head.size) return;
      while (roomOf(victims.slice(0, -1)) >= head.size) victims = victims.slice(0, -1);
      for (const victim of [...victims].reverse()) {
        const others = victims.filter((other) => other !== victim);
        if (roomOf(others) >= head.size) victims = others;
      }
      victims.forEach(stop);
      start(head);
    }
  };
  const decide = (): void => {
    if (rule === 'order') chooseAnew();
    else if (rule === 'greedy') {
      for (const job of queue()) if (job.size <= free()) start(job);
    } else if (rule === 'strict' || rule === 'easy') {
      startFromTheFront();
      if (rule === 'easy') backfill();
    } else preempt();
  };
  for (; results.some(([, end]) => Number.isNaN(end)); now++) {
    for (const job of all) if (job.submit === now) waiting.add(job);
    do {
      for (const job of running.filter(({ begin, left }) => begin + left === now)) {
        running = running.filter((other) => other !== job);
        results[job.at]![1] = now;
      }
      decide();
    } while (running.some(({ begin, left }) => begin + left === now));
  }
  return results;
}
