import { appendFileSync, openSync, readFileSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { catalogueState, judged, outcomes } from './judge.js';
import { callAt, type Plan, type Position } from './plan.js';

/** What a process that makes calls is started with. */
export interface Work {
  readonly plan: Plan;
  readonly positions: readonly Position[];
}

/** Calls to make: `from` up to, not including, `until`. */
export interface Batch {
  readonly from: number;
  readonly until: number;
}

/** Something wrong with a call. */
export interface Fault {
  /** The call's number in the plan. */
  readonly n: number;
  readonly problem: string;
}

// Nobody waits for this process any more when its parent is gone; a call that hangs would keep it for ever.
new Worker(
  `const parent = process.ppid; setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 1000);`,
  { eval: true },
).unref();
// A promise that is handed in and rejects is its owner's affair.
process.on('unhandledRejection', () => {});

const [workFile, progressFile, faultsFile] = process.argv.slice(2) as [string, string, string];
const { plan, positions } = JSON.parse(readFileSync(workFile, 'utf8')) as Work;
// Where it is: written before every call, so that a call that never returns can be named.
const progress = openSync(progressFile, 'w');
const number = Buffer.alloc(8);
const catalogueBefore = catalogueState();
const outcomesBefore = outcomes();

process.on('message', (message: Batch | 'end') => {
  const faults: Fault[] = [];
  if (message === 'end') {
    const after = outcomes();
    for (const [key, outcome] of Object.entries(outcomesBefore)) {
      if (outcome !== after[key])
        faults.push({ n: -1, problem: `${key} answers otherwise than before the calls` });
    }
    process.send!({ faults }, () => process.exit(0));
    return;
  }
  for (let n = message.from; n < message.until; n++) {
    number.writeDoubleLE(n);
    writeSync(progress, number, 0, 8, 0);
    const problem = judged(callAt(plan, positions, n));
    if (problem === undefined) continue;
    faults.push({ n, problem });
    // A later call may end the process before they are sent.
    appendFileSync(faultsFile, `${JSON.stringify({ n, problem })}\n`);
  }
  if (catalogueState() !== catalogueBefore) {
    faults.push({ n: message.from, problem: 'this call, or one of those after it, changed the catalogue' });
  }
  process.send!({ faults });
});
process.send!({ faults: [] });
