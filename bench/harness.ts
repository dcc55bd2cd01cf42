/**
 * Times cases side by side. Machines are noisy and drift, so the cases of a suite take turns, and the figures
 * to quote are the minimum, the median, and ratios to the calibration kernel of the same run.
 */
export interface Case {
  readonly name: string;
  /** What one operation is: `run`, `decision`. */
  readonly unit: string;
  /** Does the work once, checks its result, and returns how many operations it was. */
  readonly run: () => number;
}

export interface Timing {
  readonly name: string;
  readonly unit: string;
  readonly minNanoseconds: number;
  readonly medianNanoseconds: number;
}

/** Runs every case `rounds` times, in turns, after one uncounted turn. */
export function measure(cases: readonly Case[], rounds: number): Timing[] {
  const samples = cases.map(() => [] as number[]);
  for (let round = -1; round < rounds; round++) {
    cases.forEach((c, i) => {
      const started = performance.now();
      const operations = c.run();
      const nanoseconds = ((performance.now() - started) * 1e6) / operations;
      if (round >= 0) samples[i]!.push(nanoseconds);
    });
  }
  return cases.map((c, i) => {
    const sorted = samples[i]!.sort((a, b) => a - b);
    return {
      name: c.name,
      unit: c.unit,
      minNanoseconds: sorted[0]!,
      medianNanoseconds: sorted[Math.floor(sorted.length / 2)]!,
    };
  });
}

/** Throws unless the condition holds: a bench that computes the wrong thing must not print a time. */
export function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`wrong result: ${what}`);
}

/**
 * The kernel that other figures are divided by: a chain of dependent reads through 1 MiB of integers, about
 * what a table look-up of the solver costs when it misses the first cache.
 */
export function calibration(): Case {
  const length = 2 ** 18;
  const next = new Int32Array(length);
  // One cycle through all positions (a full-period linear congruence).
  for (let i = 0; i < length; i++) next[i] = (i * 5 + 12_345) % length;
  return {
    name: 'calibration: dependent read',
    unit: 'read',
    run: () => {
      let at = 0;
      for (let i = 0; i < length; i++) at = next[at]!;
      check(at === 0, 'the cycle closes');
      return length;
    },
  };
}

/** A table of timings, each with its ratio to the first, which is the calibration. */
export function printTimings(timings: readonly Timing[]): void {
  const base = timings[0]!.minNanoseconds;
  const rows = timings.map((t) => [
    t.name,
    t.unit,
    duration(t.minNanoseconds),
    duration(t.medianNanoseconds),
    perSecond(t.minNanoseconds),
    `${(t.minNanoseconds / base).toPrecision(3)}`,
  ]);
  const table = [['case', 'per', 'minimum', 'median', 'per second', 'ratio'], ...rows];
  const widths = table[0]!.map((_, c) => Math.max(...table.map((row) => row[c]!.length)));
  for (const row of table) {
    console.log(
      row.map((cell, c) => (c < 2 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('  '),
    );
  }
}

function duration(nanoseconds: number): string {
  if (nanoseconds < 1e3) return `${nanoseconds.toPrecision(3)} ns`;
  if (nanoseconds < 1e6) return `${(nanoseconds / 1e3).toPrecision(3)} µs`;
  return `${(nanoseconds / 1e6).toPrecision(3)} ms`;
}

function perSecond(nanoseconds: number): string {
  const rate = 1e9 / nanoseconds;
  if (rate >= 1e6) return `${(rate / 1e6).toPrecision(3)} M`;
  return rate >= 1e3 ? `${(rate / 1e3).toPrecision(3)} k` : rate.toPrecision(3);
}
