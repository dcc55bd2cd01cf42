import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Batch, Fault, Work } from './child.js';
import { callsIn } from './plan.js';

/** Heap of a process: what is loaded takes 100 MiB, one call may take 256 MiB. */
const HEAP_MIB_MAX = 360;
/** How long a call may keep a process: processor time where the system tells it, else the wall clock. */
const HANG_SECONDS = 6;
/** Calls that a process makes before it asks for more. */
const BATCH_CALLS = 400;
/** A run ends after so many processes died: there is something else to mend first. */
const DEATHS_MAX = 200;

/** How a run is done. */
export interface RunOptions {
  /** Processes at a time. */
  readonly processes: number;
  /** How long a process may stay at one call, seconds; default 6. */
  readonly hangSeconds?: number;
  /** Told the calls made so far and the faults found since. */
  readonly onProgress?: (calls: number, faults: readonly Fault[]) => void;
}

/** How a run went. */
export interface RunReport {
  readonly calls: number;
  readonly faults: readonly Fault[];
}

/**
 * Makes all calls of a plan in processes of their own, so that one that hangs, runs out of memory or breaks a prototype
 * is named and the rest goes on.
 *
 * @param work - plan and positions
 * @param options - see {@link RunOptions}
 * @returns the faults, in order of the calls
 */
export async function runHostileCalls(work: Work, options: RunOptions): Promise<RunReport> {
  const { processes, hangSeconds = HANG_SECONDS, onProgress } = options;
  const folder = mkdtempSync(join(tmpdir(), 'corral-hostile-'));
  const workFile = join(folder, 'work.json');
  writeFileSync(workFile, JSON.stringify(work));
  const total = callsIn(work.plan, work.positions);
  const faults: Fault[] = [];
  const again: Batch[] = [];
  let next = 0;
  let deaths = 0;
  let calls = 0;
  const batch = (): Batch | undefined => {
    const left = again.pop();
    if (left !== undefined || next >= total || deaths > DEATHS_MAX) return left;
    const from = next;
    next = Math.min(total, from + BATCH_CALLS);
    return { from, until: next };
  };
  /** One process from start to end; true if it made all calls it was given. */
  const process = (number: number): Promise<boolean> =>
    new Promise((done) => {
      const progressFile = join(folder, `progress-${number}`);
      writeFileSync(progressFile, '');
      const faultsFile = join(folder, `faults-${number}`);
      writeFileSync(faultsFile, '');
      const child = start(workFile, progressFile, faultsFile);
      let errors = '';
      child.stderr!.on('data', (text: Buffer) => {
        errors = (errors + text.toString()).slice(-2000);
      });
      let current: Batch | undefined;
      let isOver = false;
      const watch = watchdog(child, progressFile, hangSeconds);
      child.on('message', (message: { readonly faults: readonly Fault[] }) => {
        faults.push(...message.faults);
        calls += current === undefined ? 0 : current.until - current.from;
        onProgress?.(calls, message.faults);
        if (isOver) return;
        current = batch();
        isOver = current === undefined;
        child.send(current ?? 'end');
      });
      child.on('exit', (code, signal) => {
        clearInterval(watch.timer);
        if (code === 0) return done(true);
        deaths++;
        const n = position(progressFile);
        const problem = watch.hangs()
          ? `does not return within ${hangSeconds} s`
          : /heap out of memory|invalid array length/i.test(errors)
            ? `runs out of ${HEAP_MIB_MAX} MiB of heap`
            : `ends the process (${code ?? signal}): ${errors.trim().split('\n').at(-1)}`;
        const found = [...faultsIn(faultsFile, current), { n: n ?? -1, problem }];
        faults.push(...found);
        onProgress?.(calls, found);
        if (current !== undefined && n !== undefined && n + 1 < current.until) {
          again.push({ from: n + 1, until: current.until });
        }
        done(n === undefined);
      });
    });
  let started = 0;
  const lane = async (): Promise<void> => {
    while (!(await process(started++)) && deaths <= DEATHS_MAX);
  };
  try {
    await Promise.all(Array.from({ length: processes }, lane));
  } finally {
    rmSync(folder, { recursive: true });
  }
  return { calls, faults: faults.sort((a, b) => a.n - b.n) };
}

/** What a process had found in a batch before it died. */
function faultsIn(file: string, batch: Batch | undefined): Fault[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines
    .map((line) => JSON.parse(line) as Fault)
    .filter(({ n }) => n >= (batch?.from ?? 0) && n < (batch?.until ?? 0));
}

function start(workFile: string, ...files: string[]): ChildProcess {
  return fork(join(import.meta.dirname, 'child.ts'), [workFile, ...files], {
    execArgv: ['--import', 'tsx', `--max-old-space-size=${HEAP_MIB_MAX}`],
    env: { ...globalThis.process.env, VITEST: undefined, NODE_OPTIONS: undefined },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/** The call that a process is at. */
function position(progressFile: string): number | undefined {
  const bytes = readFileSync(progressFile);
  return bytes.length < 8 ? undefined : bytes.readDoubleLE();
}

/** Ends a process that stays at one call for too long. */
function watchdog(
  child: ChildProcess,
  progressFile: string,
  hangSeconds: number,
): { readonly timer: NodeJS.Timeout; readonly hangs: () => boolean } {
  let last: number | undefined;
  let since = 0;
  let hangs = false;
  const timer = setInterval(() => {
    const now = position(progressFile);
    if (now !== last || now === undefined) {
      last = now;
      since = spentSeconds(child.pid);
    } else if (spentSeconds(child.pid) - since > hangSeconds) {
      hangs = true;
      child.kill('SIGKILL');
    }
  }, 500);
  return { timer, hangs: () => hangs };
}

/** Processor time of a process; the wall clock on systems without /proc. */
function spentSeconds(pid: number | undefined): number {
  try {
    // utime and stime, in hundredths, behind the name in brackets.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Date.now() / 1000;
  }
}
