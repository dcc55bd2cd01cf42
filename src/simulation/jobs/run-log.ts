/** How a run of a job ended. */
export const RUN_ENDS = ['finished', 'preempted', 'failed', 'cut', 'moved', 'held', 'killed'] as const;
/**
 * - `finished`: the job is done.
 * - `preempted`: it was stopped so that another job could start.
 * - `failed`: hardware under it failed, or the job itself.
 * - `moved`: the job continues on other GPUs, or with another number of pods.
 * - `cut`: the simulation stopped while it ran.
 * - `held`: the job did not compute and kept its remaining GPUs while servers were missing, until it got some of them, lost more,
 *   or gave up.
 * - `killed`: it ran longer than its estimate allows.
 */
export type RunEnd = (typeof RUN_ENDS)[number];
/** Positions in {@link RUN_ENDS}. */
export const FINISHED = 0;
export const PREEMPTED = 1;
export const FAILED = 2;
export const CUT = 3;
export const MOVED = 4;
export const HELD = 5;
export const KILLED = 6;

/**
 * The runs of all jobs, as columns that grow: jobs, times, servers and GPUs. Runs are numbered in the order in which they end, and
 * enter the digest in that order.
 */
export class RunLog {
  length = 0;
  /** Run → job. */
  jobs: Int32Array = new Int32Array(1024);
  /** Run → microseconds. */
  begins: Float64Array = new Float64Array(1024);
  ends: Float64Array = new Float64Array(1024);
  /** Run → GB/s per GPU and direction; NaN = it has none. */
  bandwidths: Float64Array = new Float64Array(1024);
  /** Run → position in {@link RUN_ENDS}. */
  outcomes: Uint8Array = new Uint8Array(1024);
  /** Run → its first piece; the next entry is the end. */
  pieceStart: Int32Array = new Int32Array(1025);
  /** Piece → server, GPU mask, pods. */
  servers: Int32Array = new Int32Array(1024);
  masks: Uint16Array = new Uint16Array(1024);
  pods: Int32Array = new Int32Array(1024);
  #low = 0x811c9dc5;
  #high = 0x9dc5811c;

  /** Adds a run; its pieces come with {@link addPiece}, before it. */
  add(job: number, begin: number, end: number, outcome: number, bandwidthGBps: number): void {
    const at = this.length;
    if (at === this.jobs.length) this.#growRuns();
    this.jobs[at] = job;
    this.begins[at] = begin;
    this.ends[at] = end;
    this.outcomes[at] = outcome;
    this.bandwidths[at] = bandwidthGBps;
    this.length++;
    this.pieceStart[this.length] = this.#pieces;
    this.#hash(job);
    this.#hashTime(begin);
    this.#hashTime(end);
    this.#hash(outcome);
  }

  #pieces = 0;

  addPiece(server: number, mask: number, pods: number): void {
    const at = this.#pieces++;
    if (at === this.servers.length) this.#growPieces();
    this.servers[at] = server;
    this.masks[at] = mask;
    this.pods[at] = pods;
    this.#hash(server);
    this.#hash(mask);
  }

  /** 16 hexadecimal digits that change when any run does: FNV-1a over its words, twice. */
  digest(): string {
    const word = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
    return word(this.#high) + word(this.#low);
  }

  #hash(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    // The second half hashes the words in mixed form: two runs are equal only if both halves collide.
    this.#high = Math.imul(this.#high ^ (word + (this.#low >>> 15)), 0x5bd1e995);
  }

  #hashTime(micros: number): void {
    this.#hash(micros | 0);
    this.#hash(Math.floor(micros / 2 ** 32));
  }

  #growRuns(): void {
    const size = 2 * this.jobs.length;
    this.jobs = grown(this.jobs, new Int32Array(size));
    this.begins = grown(this.begins, new Float64Array(size));
    this.ends = grown(this.ends, new Float64Array(size));
    this.bandwidths = grown(this.bandwidths, new Float64Array(size));
    this.outcomes = grown(this.outcomes, new Uint8Array(size));
    this.pieceStart = grown(this.pieceStart, new Int32Array(size + 1));
  }

  #growPieces(): void {
    const size = 2 * this.servers.length;
    this.servers = grown(this.servers, new Int32Array(size));
    this.masks = grown(this.masks, new Uint16Array(size));
    this.pods = grown(this.pods, new Int32Array(size));
  }
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
