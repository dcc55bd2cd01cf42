import { describe, expect, it } from 'vitest';
import { FAILED, FINISHED, RUN_ENDS, RunLog } from '../../../src/simulation/jobs/run-log.js';

interface Entry {
  readonly job: number;
  readonly begin: number;
  readonly end: number;
  readonly outcome: number;
  readonly pieces: readonly (readonly [server: number, mask: number, pods: number])[];
}

const FIRST: Entry = { job: 3, begin: 5, end: 2 ** 40 + 7, outcome: FINISHED, pieces: [[2, 0b11, 1]] };

function logOf(...entries: readonly Entry[]): RunLog {
  const log = new RunLog();
  for (const { job, begin, end, outcome, pieces } of entries) {
    for (const piece of pieces) log.addPiece(...piece);
    log.add(job, begin, end, outcome, 1.5);
  }
  return log;
}

describe('RunLog', () => {
  it('keeps runs and their pieces, however many', () => {
    const entries = Array.from(
      { length: 5000 },
      (_, i): Entry => ({
        job: i,
        begin: i,
        end: 2 * i,
        outcome: i % 4,
        pieces: Array.from({ length: i % 3 }, (__, k) => [i + k, k + 1, k]),
      }),
    );
    const log = logOf(...entries);
    expect(log.length).toBe(5000);
    entries.forEach(({ job, begin, end, outcome, pieces }, i) => {
      expect([log.jobs[i], log.begins[i], log.ends[i], log.outcomes[i], log.bandwidths[i]]).toEqual([
        job,
        begin,
        end,
        outcome,
        1.5,
      ]);
      const [from, to] = [log.pieceStart[i]!, log.pieceStart[i + 1]!];
      const kept = Array.from({ length: to - from }, (_, k) => [
        log.servers[from + k],
        log.masks[from + k],
        log.pods[from + k],
      ]);
      expect(kept).toEqual(pieces);
    });
  });

  it('has a digest of 16 digits that is the same for the same runs', () => {
    expect(logOf().digest()).toMatch(/^[0-9a-f]{16}$/);
    expect(logOf(FIRST).digest()).toMatch(/^[0-9a-f]{16}$/);
    expect(logOf(FIRST, FIRST).digest()).toBe(logOf(FIRST, FIRST).digest());
  });

  it('has another digest for another job, time, outcome, server, GPU, order or number of runs', () => {
    const others: readonly Entry[] = [
      { ...FIRST, job: 4 },
      { ...FIRST, begin: 6 },
      { ...FIRST, begin: 5 + 2 ** 33 },
      { ...FIRST, end: 2 ** 41 + 7 },
      { ...FIRST, outcome: FAILED },
      { ...FIRST, pieces: [[3, 0b11, 1]] },
      { ...FIRST, pieces: [[2, 0b101, 1]] },
      { ...FIRST, pieces: [] },
    ];
    const digests = [
      ...others.map((entry) => logOf(entry).digest()),
      logOf().digest(),
      logOf(FIRST).digest(),
      logOf(FIRST, others[0]!).digest(),
      logOf(others[0]!, FIRST).digest(),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('has as many different digests as there are runs of small numbers', () => {
    const digests = new Set<string>();
    for (let job = 0; job < 20; job++) {
      for (let begin = 0; begin < 20; begin++) {
        for (let length = 0; length < 20; length++) {
          digests.add(
            logOf({ job, begin, end: begin + length, outcome: FINISHED, pieces: [[0, 1, 1]] }).digest(),
          );
        }
      }
    }
    expect(digests.size).toBe(20 ** 3);
  });

  it('names every outcome', () => {
    expect(RUN_ENDS[FINISHED]).toBe('finished');
    expect(RUN_ENDS[FAILED]).toBe('failed');
  });
});
