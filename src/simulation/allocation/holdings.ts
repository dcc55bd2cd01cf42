import type { PlacementEngine } from '../../placement/engine.js';
import type { Gang } from '../../placement/gangs/gang.js';
import type { RunLog } from '../jobs/run-log.js';

/** Where the pods of a gang are: pieces, each some pods on one server. */
export interface GangPieces {
  readonly servers: readonly number[];
  readonly masks: readonly number[];
  readonly podCounts: readonly number[];
}

/** What a job holds, to be put back later. */
export interface Note {
  readonly server: number;
  readonly mask: number;
  readonly pieces: GangPieces | undefined;
  readonly pods: number;
  readonly bandwidthGBps: number;
}

/** Visits the pieces of a note: none if it holds nothing. */
export function forEachPiece(
  { pieces, server, mask }: Note,
  visit: (server: number, mask: number, pods: number) => void,
): void {
  if (pieces === undefined) {
    if (server !== -1) visit(server, mask, 1);
  } else pieces.servers.forEach((at, i) => void visit(at, pieces.masks[i]!, pieces.podCounts[i]!));
}

/** Whether two notes are of the same GPUs. */
export function isSamePlace(a: Note, b: Note): boolean {
  if (a.pods !== b.pods) return false;
  const masks = masksByServer(a);
  const others = masksByServer(b);
  return masks.size === others.size && [...masks].every(([server, mask]) => others.get(server) === mask);
}

/** Server → mask of the GPUs of a note on it. */
function masksByServer(note: Note): Map<number, number> {
  const found = new Map<number, number>();
  forEachPiece(note, (server, mask) => void found.set(server, (found.get(server) ?? 0) | mask));
  return found;
}

/** Which GPUs each running job holds: the link between the jobs and the engine that places them. */
export class Holdings {
  readonly engine: PlacementEngine;
  /** An engine that is kept equal to the cluster, for passes that look ahead. */
  mirror: PlacementEngine | undefined;
  /** Job → server and GPUs, where it is one pod; -1 where it holds nothing or is a gang. */
  readonly server: Int32Array;
  readonly mask: Uint16Array;
  /** Job → pieces, where it is a gang. */
  readonly pieces: (GangPieces | undefined)[];
  /** Job → pods that hold something. */
  readonly pods: Int32Array;
  /** Job → GB/s per GPU and direction; NaN = it has none. */
  readonly bandwidthGBps: Float64Array;

  constructor(engine: PlacementEngine, jobs: number) {
    this.engine = engine;
    this.server = new Int32Array(jobs).fill(-1);
    this.mask = new Uint16Array(jobs);
    this.pieces = new Array<GangPieces | undefined>(jobs).fill(undefined);
    this.pods = new Int32Array(jobs);
    this.bandwidthGBps = new Float64Array(jobs).fill(Number.NaN);
  }

  /** Gives a gang its GPUs, if it fits. */
  take(job: number, gang: Gang): boolean {
    const { engine } = this;
    if (gang.pods === 1) {
      if (!engine.decide(gang.need)) return false;
      this.server[job] = engine.server;
      this.mask[job] = engine.gpuMask;
      this.pieces[job] = undefined;
      this.pods[job] = 1;
      this.bandwidthGBps[job] = engine.bandwidthGBps ?? Number.NaN;
      this.takeAgain(job, gang);
      return true;
    }
    const plan = engine.plan(gang);
    if (plan === undefined) return false;
    this.pieces[job] = plan;
    this.pods[job] = plan.pods;
    this.bandwidthGBps[job] = plan.bandwidthGBps ?? Number.NaN;
    this.takeAgain(job, gang);
    return true;
  }

  /** Takes what {@link give} gave back and {@link forget} has not forgotten; it must be free. */
  takeAgain(job: number, gang: Gang): void {
    this.#move(job, gang, this.engine, true);
    if (this.mirror !== undefined) this.#move(job, gang, this.mirror, true);
  }

  /** Whether all that {@link give} gave back is free still; of pods that ask for more than GPUs it is never said. */
  mayTakeAgain(job: number, gang: Gang): boolean {
    if (!gang.need.isPlain) return false;
    const { freeMask, cordoned } = this.engine.state;
    const isFree = (server: number, mask: number): boolean =>
      cordoned[server] === 0 && (freeMask[server]! & mask) === mask;
    const pieces = this.pieces[job];
    if (pieces === undefined) return isFree(this.server[job]!, this.mask[job]!);
    return pieces.servers.every((server, i) => isFree(server, pieces.masks[i]!));
  }

  /** Gives back what {@link take} took; the job keeps its note of it until {@link forget}. */
  give(job: number, gang: Gang): void {
    this.#move(job, gang, this.engine, false);
    if (this.mirror !== undefined) this.#move(job, gang, this.mirror, false);
  }

  /** What a job holds, or held before {@link give}. */
  noteOf(job: number): Note {
    return {
      server: this.server[job]!,
      mask: this.mask[job]!,
      pieces: this.pieces[job],
      pods: this.pods[job]!,
      bandwidthGBps: this.bandwidthGBps[job]!,
    };
  }

  /** Makes a note the job's own again; the GPUs do not move. */
  putNote(job: number, note: Note): void {
    this.server[job] = note.server;
    this.mask[job] = note.mask;
    this.pieces[job] = note.pieces;
    this.pods[job] = note.pods;
    this.bandwidthGBps[job] = note.bandwidthGBps;
  }

  /** Says whether a server takes new pods. */
  setCordoned(server: number, cordoned: boolean): void {
    this.engine.setCordoned(server, cordoned);
    this.mirror?.setCordoned(server, cordoned);
  }

  /** The same on another engine: a copy of the cluster that looks ahead. */
  takeOn(other: PlacementEngine, job: number, gang: Gang): void {
    this.#move(job, gang, other, true);
  }

  giveOn(other: PlacementEngine, job: number, gang: Gang): void {
    this.#move(job, gang, other, false);
  }

  forget(job: number): void {
    this.server[job] = -1;
    this.pieces[job] = undefined;
    this.pods[job] = 0;
  }

  /** Whether a job holds something on a server. */
  isOn(job: number, server: number): boolean {
    const pieces = this.pieces[job];
    return pieces === undefined ? this.server[job] === server : pieces.servers.includes(server);
  }

  /** Writes the pieces of a job into the log. */
  log(job: number, log: RunLog): void {
    const pieces = this.pieces[job];
    if (pieces === undefined) log.addPiece(this.server[job]!, this.mask[job]!, 1);
    else {
      const { servers, masks, podCounts } = pieces;
      for (let i = 0; i < servers.length; i++) log.addPiece(servers[i]!, masks[i]!, podCounts[i]!);
    }
  }

  #move(job: number, gang: Gang, engine: PlacementEngine, isTaken: boolean): void {
    const { need } = gang;
    const pieces = this.pieces[job];
    if (pieces === undefined) {
      if (isTaken) engine.take(need, this.server[job]!, this.mask[job]!);
      else engine.give(need, this.server[job]!, this.mask[job]!);
      return;
    }
    // Where whole GPUs are all there is, a piece moves as one; otherwise pod by pod, each with its CPU and memory.
    const { servers, masks } = need.isPlain ? pieces : this.engine.podsOf(need, pieces);
    if (isTaken) engine.takeAll(need, servers, masks);
    else engine.giveAll(need, servers, masks);
  }
}
