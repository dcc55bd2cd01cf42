import type { ClusterTables } from '../../compile/cluster-tables.js';
import type { PodNeed } from '../../placement/state/pod-need.js';
import { GPU_MILLI, GPUS_PER_SERVER_MAX } from '../../units.js';

/** What a job holds on one server, from when to when. */
export interface Held {
  readonly reservation: {
    readonly gang: { readonly need: PodNeed };
    readonly begin: number;
    readonly end: number;
    readonly goneBy: number;
  };
  readonly mask: number;
  readonly pods: number;
}

/**
 * The most of one server that is in use at once in a stretch of time. A GPU must be free throughout to be given away, so of
 * those held whole it is all that are held at any time; CPU, memory and shares come back meanwhile, so of them it is the
 * largest sum.
 */
export class PeakUse {
  /** GPUs that somebody holds whole, and those that pods share. */
  wholeMask = 0;
  sharedMask = 0;
  cpuMilli = 0;
  memoryMiB = 0;
  /** GPU ordinal → thousandths in use by pods that share it. */
  readonly shareMilli: Int32Array = new Int32Array(GPUS_PER_SERVER_MAX);
  readonly #tables: ClusterTables;

  constructor(tables: ClusterTables) {
    this.#tables = tables;
  }

  /**
   * Looks at what is held between two times.
   *
   * @param by - which end of a reservation counts
   * @complexity O(held), and O(held²) where more than GPUs is held
   */
  measure(held: readonly Held[], from: number, to: number, by: 'end' | 'goneBy'): void {
    this.wholeMask = 0;
    this.sharedMask = 0;
    let isPlain = true;
    for (const { reservation, mask } of held) {
      if (reservation.begin >= to || reservation[by] <= from) continue;
      const { need } = reservation.gang;
      if (need.gpuMilli === GPU_MILLI) this.wholeMask |= mask;
      else this.sharedMask |= mask;
      isPlain &&= need.isPlain;
    }
    this.cpuMilli = 0;
    this.memoryMiB = 0;
    this.shareMilli.fill(0);
    if (isPlain) return;
    // What is held is most where somebody comes.
    for (const { reservation } of held) {
      if (reservation.begin < to && reservation[by] > from)
        this.#measureAt(held, Math.max(reservation.begin, from), by);
    }
  }

  /**
   * Whether pods fit on a server beside what is held there.
   *
   * @param own - what they would hold there
   */
  leavesRoomFor(
    server: number,
    held: readonly Held[],
    own: readonly Held[],
    from: number,
    to: number,
    by: 'end' | 'goneBy',
  ): boolean {
    this.measure(held, from, to, by);
    for (const { reservation, mask } of own) {
      const taken =
        reservation.gang.need.gpuMilli === GPU_MILLI ? this.wholeMask | this.sharedMask : this.wholeMask;
      if ((taken & mask) !== 0) return false;
    }
    if (own.every(({ reservation }) => reservation.gang.need.isPlain)) return true;
    this.measure([...held, ...own], from, to, by);
    const { shapeOf, shapeCpuMilli, shapeMemoryMiB } = this.#tables;
    const shape = shapeOf[server]!;
    return (
      this.cpuMilli <= shapeCpuMilli[shape]! &&
      this.memoryMiB <= shapeMemoryMiB[shape]! &&
      this.shareMilli.every((milli) => milli <= GPU_MILLI)
    );
  }

  #measureAt(held: readonly Held[], time: number, by: 'end' | 'goneBy'): void {
    let cpuMilli = 0;
    let memoryMiB = 0;
    const shareMilli = new Int32Array(GPUS_PER_SERVER_MAX);
    for (const { reservation, mask, pods } of held) {
      if (reservation.begin > time || reservation[by] <= time) continue;
      const { need } = reservation.gang;
      cpuMilli += pods * need.cpuMilli;
      memoryMiB += pods * need.memoryMiB;
      if (need.gpuMilli === GPU_MILLI) continue;
      for (let rest = mask; rest !== 0; rest &= rest - 1) {
        shareMilli[31 - Math.clz32(rest & -rest)]! += need.gpuMilli;
      }
    }
    this.cpuMilli = Math.max(this.cpuMilli, cpuMilli);
    this.memoryMiB = Math.max(this.memoryMiB, memoryMiB);
    shareMilli.forEach((milli, gpu) => {
      this.shareMilli[gpu] = Math.max(this.shareMilli[gpu]!, milli);
    });
  }
}
