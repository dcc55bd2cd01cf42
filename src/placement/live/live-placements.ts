import type { PlacementId } from '../../ids.js';

/** The state of {@link LivePlacements}. */
export interface LiveCopy<T> {
  readonly slots: readonly (T | undefined)[];
  readonly ids: readonly PlacementId[];
  readonly spare: readonly number[];
  readonly issued: number;
  readonly count: number;
}

/**
 * The live placements by slot; slots of released ones are used again. Ids count the placements of a solver, so no two are equal.
 * A placement object knows its slot. The table from ids to slots is built when a caller first comes with a copy. Ids are kept
 * here too, since the caller can overwrite those of the objects.
 */
export class LivePlacements<T extends object> {
  count = 0;
  readonly #slotOf: (placement: T) => number;
  #slots: (T | undefined)[] = [];
  /** Slot → the id of the placement that is, or was last, in it. */
  #ids: PlacementId[] = [];
  #spare: number[] = [];
  #issued = 0;
  #byId: Map<PlacementId, T> | undefined;

  /**
   * @param slotOf - the slot that a placement was made with
   */
  constructor(slotOf: (placement: T) => number) {
    this.#slotOf = slotOf;
  }

  /** The id of the next placement. */
  nextId(): PlacementId {
    return this.#issued + 1;
  }

  /** The slot of the next placement. */
  nextSlot(): number {
    return this.#spare.length > 0 ? this.#spare[this.#spare.length - 1]! : this.#slots.length;
  }

  /** Keeps a placement with {@link LivePlacements.nextId} and {@link LivePlacements.nextSlot}. */
  add(placement: T): void {
    if (this.#spare.length > 0) this.#spare.pop();
    const slot = this.#slotOf(placement);
    const id = ++this.#issued;
    this.#slots[slot] = placement;
    this.#ids[slot] = id;
    this.count++;
    this.#byId?.set(id, placement);
  }

  /** The live placement of this id; undefined if there is none. O(live placements) for the first one asked for. */
  find(id: unknown): T | undefined {
    if (this.#byId === undefined) {
      this.#byId = new Map();
      for (let slot = 0; slot < this.#slots.length; slot++) {
        const placement = this.#slots[slot];
        if (placement !== undefined) this.#byId.set(this.#ids[slot]!, placement);
      }
    }
    return this.#byId.get(id as PlacementId);
  }

  has(placement: T): boolean {
    return this.#slots[this.#slotOf(placement)] === placement;
  }

  remove(placement: T): void {
    const slot = this.#slotOf(placement);
    this.#slots[slot] = undefined;
    this.#spare.push(slot);
    this.count--;
    this.#byId?.delete(this.#ids[slot]!);
  }

  copy(): LiveCopy<T> {
    const { count } = this;
    return {
      slots: this.#slots.slice(),
      ids: this.#ids.slice(),
      spare: this.#spare.slice(),
      issued: this.#issued,
      count,
    };
  }

  overwrite(copy: LiveCopy<T>): void {
    this.#slots = copy.slots.slice();
    this.#ids = copy.ids.slice();
    this.#spare = copy.spare.slice();
    this.#issued = copy.issued;
    this.count = copy.count;
    this.#byId = undefined;
  }
}
