import type { ClusterTables } from '../../compile/cluster-tables.js';
import { GPU_MILLI, GPUS_PER_SERVER_MAX } from '../../units.js';
import { type EndField, type Held, overlaps } from './reservation.js';

/**
 * The highest use of one server in a stretch of time. GPUs that are held whole are added up over the stretch, because a new
 * pod needs a GPU that is free all the time. CPU, memory and shares are counted moment by moment, and the highest sum counts.
 */
export class PeakUse {
  /** GPUs that somebody holds whole, and GPUs that pods share. Bit masks of ordinals. */
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
   * Measures what is held on one server from `from` to `to`.
   *
   * @param by - which end of a reservation counts
   * @complexity O(held), and O(held²) if pods hold shares, CPU or memory
   */
  measure(held: readonly Held[], from: number, to: number, by: EndField): void {
    this.wholeMask = 0;
    this.sharedMask = 0;
    let isPlain = true;
    for (const { reservation, mask } of held) {
      if (!overlaps(reservation, from, to, by)) continue;
      const { need } = reservation.gang;
      if (need.gpuMilli === GPU_MILLI) this.wholeMask |= mask;
      else this.sharedMask |= mask;
      isPlain &&= need.isPlain;
    }
    this.cpuMilli = 0;
    this.memoryMiB = 0;
    this.shareMilli.fill(0);
    if (isPlain) return;
    // Sums rise only where a reservation begins, so these are the moments to look at.
    for (const { reservation } of held) {
      if (overlaps(reservation, from, to, by)) this.#measureAt(held, Math.max(reservation.begin, from), by);
    }
  }

  /**
   * True if pods fit on a server from `from` to `to` beside what is held there.
   *
   * @param own - what the pods would hold there
   */
  leavesCapacityFor(
    server: number,
    held: readonly Held[],
    own: readonly Held[],
    from: number,
    to: number,
    by: EndField,
  ): boolean {
    this.measure(held, from, to, by);
    for (const { reservation, mask } of own) {
      const isWhole = reservation.gang.need.gpuMilli === GPU_MILLI;
      const taken = isWhole ? this.wholeMask | this.sharedMask : this.wholeMask;
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

  #measureAt(held: readonly Held[], time: number, by: EndField): void {
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
